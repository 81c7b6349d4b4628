// RFC 9112 as a table: each case's bytes are sent to the edge, and to Debian's HAProxy and nginx in the same run. The edge has
// to do what the table says; where another proxy does otherwise, the table has to say why.
import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import type { Case } from "./case.ts"
import { allCases } from "./cases/all.ts"
import { observe } from "./observe.ts"
import type { Observed } from "./observe.ts"
import { edgeBefore, haproxyBefore, nginxBefore } from "./proxies.ts"
import type { Proxy } from "./proxies.ts"

const placesEach = 16

describe("the edge reads HTTP/1.1 to the letter", () => {
  const proxies: Proxy[] = []
  const observed = new Map<string, Map<Case, Observed>>()

  before(async () => {
    for (const started of [await edgeBefore(placesEach), await haproxyBefore(placesEach), await nginxBefore(placesEach)]) {
      if (started !== undefined) proxies.push(started)
    }
    await Promise.all(proxies.map(async (proxy) => observed.set(proxy.name, await observeAll(proxy))))
  })
  after(() => Promise.all(proxies.map((proxy) => proxy.stop())))

  const seen = (proxy: string, each: Case) => observed.get(proxy)?.get(each)

  for (const each of allCases) {
    test(each.name, () => {
      const edge = seen("edge", each)
      assert.ok(edge !== undefined)
      assert.deepEqual({ hears: edge.hears, asked: edge.asked }, { hears: each.hears, asked: each.asked })
      assert.ok(!edge.isMalformed, "the copy is asked nothing that it cannot read")
      assert.ok(edge.isInTime, "answered without waiting for more")
      if (each.sees !== undefined) assert.match(edge.head, each.sees)
      if (each.seesNot !== undefined) assert.doesNotMatch(edge.head, each.seesNot)
      assert.equal(edge.next, "GET /@/after", "the next user has an answer of his own")
    })
  }

  for (const other of ["HAProxy", "nginx"]) {
    test(`differs from ${other} only where the table says why`, (context) => {
      if (!observed.has(other)) return context.skip(`${other} is not installed: apt-get install ${other.toLowerCase()}`)
      const unexplained = allCases.flatMap((each) => {
        const [ours, theirs] = [seen("edge", each), seen(other, each)]
        const how = ours === undefined || theirs === undefined ? undefined : differenceOf(ours, theirs)
        const why = how === undefined ? "none" : each[how]
        return why === undefined ? [`${each.name}: ${how} than ${other}; here ${toldOf(ours)}, there ${toldOf(theirs)}`] : []
      })
      assert.deepEqual(unexplained, [])
    })
  }

  test("every difference that the table explains is there", () => {
    const others = ["HAProxy", "nginx"].filter((name) => observed.has(name))
    if (others.length < 2) return
    const idle = allCases.filter((each) => {
      const edge = seen("edge", each)
      const hows = others.map((other) => differenceOf(edge ?? none, seen(other, each) ?? none))
      return (each.stricter !== undefined && !hows.includes("stricter")) || (each.freer !== undefined && !hows.includes("freer"))
    })
    assert.deepEqual(
      idle.map(({ name }) => name),
      [],
    )
  })
})

const none: Observed = { hears: "", isInTime: true, isMalformed: false, asked: [], head: "", next: "" }

/** The cases without a place of their own go one after another to the first. */
async function observeAll(proxy: Proxy): Promise<Map<Case, Observed>> {
  const hasPlace = (each: Case) => each.sends.some((part) => typeof part === "string" && part.includes("/@/"))
  const [placed, others] = [allCases.filter(hasPlace), allCases.filter((each) => !hasPlace(each))]
  const found = new Map<Case, Observed>()
  const work = async (place: number, queue: Case[]) => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) found.set(next, await observe(next, proxy, place))
  }
  await Promise.all([work(0, others), ...Array.from({ length: placesEach - 1 }, (_, i) => work(i + 1, placed))])
  return found
}

/** Lets less pass, or passes something that the other does not let pass or passes otherwise. Which status refuses is the table's to ask of the edge alone. */
function differenceOf(ours: Observed, theirs: Observed): "stricter" | "freer" | undefined {
  if (isRefused(ours)) return isRefused(theirs) ? undefined : "stricter"
  const isSame = theirs.hears.startsWith(ours.hears) && ours.asked.join() === theirs.asked.join()
  return isSame ? undefined : "freer"
}

/** What is answered with an error, visibly breaks off, or is never answered. */
const isRefused = ({ hears, isMalformed }: Observed) => !isMalformed && /^$|^[45]\d\d|^\d.*\.\.\.$/.test(hears)

const toldOf = (each: Observed | undefined) => `"${each?.hears}" with [${each?.asked.join(", ").slice(0, 100)}] asked`
