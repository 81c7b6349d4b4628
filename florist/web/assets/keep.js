// What this device remembers through reloads, crashes and nights: a value under a name. Called by everything that must not be lost.
const prefix = "kassa/"

/** @returns undefined where nothing is kept, or what is kept cannot be read. */
export function kept(name) {
  try {
    const text = localStorage.getItem(prefix + name)
    return text === null ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

/** @throws where the device keeps nothing more. */
export const keep = (name, value) => localStorage.setItem(prefix + name, JSON.stringify(value))

/** For what is only convenient. */
export function keepIfPossible(name, value) {
  try {
    keep(name, value)
  } catch {
    localStorage.removeItem(prefix + name)
  }
}

export const forget = (name) => localStorage.removeItem(prefix + name)

/** Names that begin so, sorted. */
export function keptNames(beginning) {
  return Object.keys(localStorage)
    .filter((name) => name.startsWith(prefix + beginning))
    .map((name) => name.slice(prefix.length))
    .toSorted()
}

/** Calls back when another tab changed something. */
export function onOtherTab(listener) {
  addEventListener("storage", ({ key }) => {
    if (key === null || key.startsWith(prefix)) listener(key?.slice(prefix.length))
  })
}
