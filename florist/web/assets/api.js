// Asks the services. A problem says whether asking again can help.
const answerWithinMs = 15_000
const versionListeners = []

/** Calls back with the version that answered, each time that something answers. */
export function seenVersion(listener) {
  versionListeners.push(listener)
}

class Problem extends Error {
  constructor(message, { isFinal }) {
    super(message)
    this.isFinal = isFinal
  }
}

/** GET, or POST where there is a body. */
export async function ask(path, body) {
  const answer = await fetch(path, requestOf(body)).catch(() => {
    throw new Problem("The shop's services did not answer.", { isFinal: false })
  })
  const version = answer.headers.get("x-conveyor-version")
  if (version !== null) for (const listener of versionListeners) listener(version)
  const answered = await answer.json().catch(() => {
    throw new Problem("The answer broke off.", { isFinal: false })
  })
  if (answer.ok) return answered
  throw new Problem(answered.errors?.[0]?.detail ?? `The services answered ${answer.status}.`, { isFinal: answer.status < 500 })
}

function requestOf(body) {
  const signal = AbortSignal.timeout(answerWithinMs)
  if (body === undefined) return { signal }
  return { signal, method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }
}
