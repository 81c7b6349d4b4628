// What has to reach the platform exactly once: jobs of one or several requests, kept on the device before the first is sent, sent in order, each with a key that
// stays the same however often it is repeated. Called by sales and returns.
import { Problem, alone, ask, onConnection, session } from "./api.js"
import { forget, keep, kept, keptNames, onOtherTab } from "./keep.js"
import { newId } from "./uuid.js"

/**
 * A job: { id, kind, at, worker, steps, state, problem? }. States: "waiting" to be sent, "paying" (a QR code is shown), "refused", "done".
 * A step: { id, method, path, body, what, answer? }; `answer` is there once it was answered.
 */
const firstPauseMs = 1_000
const longestPauseMs = 15_000

const listeners = []
let running
let isAskedAgain = false
let timer
let pause = firstPauseMs

export const onJobs = (listener) => listeners.push(listener)
const changed = (job) => {
  for (const listener of listeners) listener(job)
}

const nameOf = (id) => `job/${session()?.shop ?? 0}/${id}`

/** In the order in which they were made. */
export const jobs = () =>
  keptNames(`job/${session()?.shop ?? 0}/`)
    .map(kept)
    .filter((job) => job !== undefined)
export const job = (id) => kept(nameOf(id))
export const waiting = () => jobs().filter(({ state }) => state === "waiting")

export const step = (method, path, body, what) => ({ id: newId(), method, path, body, what })

/** @throws where the device keeps nothing more; then nothing was sent either. */
export function save(next) {
  keep(nameOf(next.id), next)
  changed(next)
}

export function drop(id) {
  forget(nameOf(id))
  changed(undefined)
}

/** Sends what waits, until it is sent or nobody answers; then tries again by itself. */
export function pump() {
  clearTimeout(timer)
  if (running !== undefined) isAskedAgain = true
  running ??= alone("kassa-outbox", sendAll).finally(() => {
    running = undefined
    if (!isAskedAgain) return
    isAskedAgain = false
    void pump()
  })
  return running
}

async function sendAll() {
  for (;;) {
    const [next] = waiting()
    if (next === undefined || session() === undefined) return
    try {
      await sendSteps(next.id)
      pause = firstPauseMs
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem
      const found = job(next.id)
      if (found === undefined) continue
      if (problem.kind === "refused") {
        save(afterRefusal(found, problem))
        continue
      }
      changed(found)
      if (problem.kind === "signed-out") return
      timer = setTimeout(() => void pump(), pause)
      pause = Math.min(pause * 2, longestPauseMs)
      return
    }
  }
}

async function sendSteps(id) {
  for (;;) {
    const current = job(id)
    if (current === undefined || current.state !== "waiting") return
    const index = current.steps.findIndex(({ answer }) => answer === undefined)
    if (index === -1) {
      const isPaying = current.steps.some(({ what }) => what === "qr") && current.paidByQr !== true
      save({ ...current, state: isPaying ? "paying" : "done" })
      return
    }
    const { id: stepId, method, path, body } = current.steps[index]
    // Keys belong to a worker; ids in the bodies hold where another one sends what was left.
    const answer = await ask(path, { method, body, key: `${stepId}.${session().worker}` })
    const later = job(id)
    if (later === undefined) return
    // The steps may have been changed meanwhile; this one is done all the same.
    save({ ...later, steps: later.steps.map((each) => (each.id === stepId ? { ...each, answer: answer?.data ?? {} } : each)) })
  }
}

/** What was handed over while nobody answered was sold, whatever stock says. */
function afterRefusal(found, problem) {
  const [first, ...others] = found.steps
  const isShort = problem.code === "out-of-stock" || problem.code === "issue-cancelled"
  if (found.handedOver && isShort && first.what === "order" && first.answer === undefined && !first.body.data.attributes.allowShortage) {
    const { data } = first.body
    const body = { data: { ...data, attributes: { ...data.attributes, allowShortage: true } } }
    return { ...found, steps: [{ ...first, id: newId(), body }, ...others] }
  }
  return { ...found, state: "refused", problem: problem.message }
}

onConnection((what) => {
  if (what === "reachable") {
    pause = firstPauseMs
    // What is told by an answer comes before that answer is worked on.
    setTimeout(() => void pump())
  }
})
addEventListener("online", () => void pump())
onOtherTab((name) => {
  if (name === undefined || name.startsWith("job/")) changed(undefined)
})
