// Signing in, refreshing and ending sessions, on real servers.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { openFleet } from "@florist/kit/fleet"
import { newId } from "@florist/kit/id"
import fc from "fast-check"
import { shops } from "../../kit/test/platform.ts"
import { Attempts, limits } from "../src/attempt.ts"
import { openShop, readerOf } from "../src/open-shop.ts"
import { neighbourShop, openGround, password, refresh, signIn, switchBody, textOf, userOf, workerBody } from "./ground.ts"
import type { Ground } from "./ground.ts"

let ground: Ground
before(async () => {
  ground = await openGround()
  // Waiting is told by this clock alone, however slow the machine is.
  ground.platform.clock.set(new Date())
})
after(async () => {
  ground.client.exercised.keep("staff-sessions")
  await ground[Symbol.asyncDispose]()
})

const call = (method: string, body: unknown, query: Record<string, readonly string[]> = {}, headers: Record<string, string> = {}) =>
  ground.client.call(method, "/v1/sessions", { body, query, headers })
const tokenIn = async (username: string, given?: string) => {
  const { status, one } = await call("POST", signIn(username, given))
  assert.equal(status, 200)
  return one.attributes.refreshToken
}
const makeWorker = async (login: string, role = "3") => {
  const answer = await ground.client.call("POST", "/v1/workers", {
    body: workerBody({ stores: [ground.rose.store], user: { login, role } }),
    token: await ground.tokenOf("owner"),
  })
  assert.equal(answer.status, 201)
  return { id: answer.one.id, user: userOf(answer.one) }
}

test("who signs in gets tokens that the platform takes, with worker, user, roles and permissions where they are asked for", async () => {
  const include = ["worker", "worker.position", "worker.user", "worker.user.roles", "worker.user.roles.permissions"]
  const answer = await call("POST", signIn(" ANNA@rose "), { include })
  assert.equal(answer.status, 200)
  const { attributes, id } = answer.one
  assert.equal(id, "current")
  assert.equal(attributes.saasCustomerId, shops.rose)
  assert.equal(Date.parse(textOf(attributes.expireAt)) < Date.parse(textOf(attributes.refreshExpireAt)), true)
  assert.deepEqual([...new Set(answer.included.map(({ type }) => type))].toSorted(), ["permissions", "roles", "users", "workers"])
  const stores = await ground.client.call("GET", "/v1/stores", { token: textOf(attributes.accessToken) })
  assert.deepEqual(
    stores.many.map((store) => store.id),
    [ground.rose.store],
  )
})

test("a wrong password and a name that nobody has are refused in the same words", async () => {
  const [wrong, nobody] = [await call("POST", signIn("anna@rose", "guess")), await call("POST", signIn("nobody", "guess"))]
  for (const answer of [wrong, nobody]) assert.equal(answer.status, 401)
  const said = ({ errors }: typeof wrong) => errors.map(({ code, detail }) => [code, detail])
  assert.deepEqual(said(wrong), said(nobody))
})

test("guessing has to wait longer and longer, also many at once, and the right password then too; the waiting ends", async () => {
  await makeWorker("guessed")
  const guesses = await Promise.all(Array.from({ length: 20 }, () => call("POST", signIn("guessed", "guess"))))
  const tried = guesses.filter(({ status }) => status === 401).length
  assert.ok(tried >= 5 && tried <= 7, `${tried} of 20 guesses were looked at`)
  const refused = await call("POST", signIn("guessed"))
  assert.equal(refused.status, 429)
  assert.ok(Number(refused.headers.get("retry-after")) >= 1)
  ground.platform.clock.advance(16 * 60_000)
  assert.equal((await call("POST", signIn("guessed"))).status, 200)
})

const withAttempts = async (work: (begin: (username: string, address: string, ms?: number) => Promise<number>) => Promise<void>) => {
  const fleet = openFleet({ service: "staff", directoryUrl: ground.platform.directoryUrl, poolSize: 1 })
  try {
    const attempts = new Attempts(fleet)
    const at = ground.platform.clock.now().getTime()
    await work((username, address, ms = 0) => attempts.begin({ username, address, shard: "s1", now: new Date(at + ms) }))
  } finally {
    await fleet.close()
  }
}

test("of many who sign in at once, one that began earlier and is counted later does not wait", () =>
  withAttempts(async (begin) => {
    assert.equal(await begin("later", "203.0.113.20", 40), 0)
    assert.equal(await begin("earlier", "203.0.113.20"), 0)
  }))

test("an address that guesses many names has to wait, but never long, and others do not wait", () =>
  withAttempts(async (begin) => {
    for (let n = 0; n <= limits.address.free; n++) assert.equal(await begin(`name${n}`, "203.0.113.7"), 0)
    const wait = await begin("one more", "203.0.113.7")
    assert.ok(wait > 0 && wait <= limits.address.longestWaitMs)
    assert.equal(await begin("one more", "203.0.113.8"), 0)
    assert.equal(await begin("one more", "203.0.113.7", wait), 0)
  }))

test("whoever guesses a name or fills an address locks nobody out who has signed in from there before", async () => {
  await makeWorker("honest")
  const from = (address: string, given?: string) => call("POST", signIn("honest", given), {}, { "x-real-ip": address })
  assert.equal((await from("198.51.100.9")).status, 200)
  await withAttempts(async (begin) => {
    for (let n = 0; n <= limits.address.free; n++) await begin(`neighbour${n}`, "198.51.100.9")
    for (let n = 0; n <= limits.username.free; n++) await begin("honest", `192.0.2.${n}`)
    assert.ok((await begin("neighbour", "198.51.100.9")) > 0)
    assert.ok((await begin("honest", "192.0.2.200")) > 0)
  })
  assert.equal((await from("198.51.100.9")).status, 200)
  for (let n = 0; n < 7; n++) await from("198.51.100.9", "guess")
  assert.equal((await from("198.51.100.9")).status, 429)
})

test("what a client says of its own address counts for nothing", async () => {
  const forged = (n: number) =>
    call("POST", signIn("forged", "guess"), {}, { "x-forwarded-for": `203.0.113.${n}`, forwarded: `for=203.0.113.${n}` })
  const guesses = await Promise.all(Array.from({ length: 12 }, (_, n) => forged(n)))
  assert.ok(guesses.some(({ status }) => status === 429))
})

test("a refresh token is used once: its successor works, and using the old one later ends the session for both", async () => {
  const first = await tokenIn("anna@rose")
  const second = await call("PATCH", refresh(first))
  assert.equal(second.status, 200)
  assert.notEqual(second.one.attributes.refreshToken, first)
  ground.platform.clock.advance(31_000)
  assert.equal((await call("PATCH", refresh(first))).status, 401)
  assert.equal((await call("PATCH", refresh(second.one.attributes.refreshToken))).status, 401)
})

test("however many use one token at once, in however many rounds, one line of tokens survives, and it ends as a whole", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }), fc.boolean(), async (rounds, replays) => {
      const used: unknown[] = []
      let token = await tokenIn("anna@rose")
      for (const rivals of rounds) {
        const answers = await Promise.all(Array.from({ length: rivals }, () => call("PATCH", refresh(token))))
        assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
        const successors = new Set(answers.map(({ one }) => one.attributes.refreshToken))
        assert.equal(successors.size, 1)
        used.push(token)
        token = [...successors][0] ?? null
      }
      if (!replays) return assert.equal((await call("PATCH", refresh(token))).status, 200)
      ground.platform.clock.advance(31_000)
      assert.equal((await call("PATCH", refresh(used[0]))).status, 401)
      assert.equal((await call("PATCH", refresh(token))).status, 401)
    }),
    { numRuns: 12 },
  )
})

test("a token that is none, of another shop, or too old opens nothing", async () => {
  const token = textOf(await tokenIn("anna@rose"))
  for (const bad of ["", "x", `${shops.neighbour}${token.slice(2)}`, `999${token.slice(2)}`]) {
    assert.equal((await call("PATCH", refresh(bad))).status, 401)
  }
  ground.platform.clock.advance(31 * 86_400_000)
  assert.equal((await call("PATCH", refresh(token))).status, 401)
})

test("sessions end at once for whoever is switched off, dismissed, given another password, or signs out", async () => {
  const owner = await ground.tokenOf("owner")
  const ends: Readonly<Record<string, (worker: { id: string; user: string }, token: unknown) => Promise<{ status: number }>>> = {
    off: ({ id }) => ground.client.call("PATCH", "/v1/workers", { body: switchBody(id, "off"), token: owner }),
    dismissed: ({ id }) => ground.client.call("DELETE", "/v1/workers", { body: { data: [{ type: "workers", id }] }, token: owner }),
    reset: ({ user }) =>
      ground.client.call("POST", "/v1/users/{id}/password", {
        params: { id: user },
        body: { data: { attributes: { password: "another one" } } },
        token: owner,
      }),
    out: (_, token) => call("DELETE", refresh(token)),
  }
  for (const [name, end] of Object.entries(ends)) {
    const worker = await makeWorker(`ends-${name}`)
    const token = await tokenIn(`ends-${name}`)
    assert.ok((await end(worker, token)).status < 300, name)
    assert.equal((await call("PATCH", refresh(token))).status, 401, name)
    const again = await call("POST", signIn(`ends-${name}`))
    assert.equal(again.status, name === "reset" ? 401 : name === "out" ? 200 : 403, name)
  }
})

test("one's own password takes the current one; an owner's no manager resets", async () => {
  const { id, user } = await makeWorker("own-password")
  const change = (attributes: object, token: string, of = user) =>
    ground.client.call("POST", "/v1/users/{id}/password", { params: { id: of }, body: { data: { attributes } }, token })
  const own = await ground.platform.token({ role: "florist", worker: id })
  assert.equal((await change({ password: "eight letters" }, own)).status, 422)
  assert.equal((await change({ currentPassword: password, password: "short" }, own)).status, 422)
  assert.equal((await change({ currentPassword: password, password: "eight letters" }, own)).status, 204)
  assert.equal((await call("POST", signIn("own-password", "eight letters"))).status, 200)
  const owners = await ground.client.call("GET", "/v1/worker/{id}", { params: { id: ground.rose.owner }, token: own })
  const ownersUser = userOf(owners.one)
  assert.equal((await change({ password: "eight letters" }, await ground.tokenOf("manager"), ownersUser)).status, 403)
  assert.equal((await change({ password: "eight letters" }, await ground.tokenOf("owner"), newId())).status, 404)
})

test("what is kept holds neither passwords nor tokens", async () => {
  const token = textOf(await tokenIn("anna@rose"))
  const secret = Buffer.from(token.split(".")[2] ?? "", "base64url").toString("hex")
  const { rows } = await ground.platform.shard.query(
    "SELECT row_to_json(s)::text AS text FROM staff.session s UNION ALL SELECT row_to_json(a)::text FROM staff.account a",
  )
  for (const { text } of rows as { text: string }[]) assert.ok(!text.includes(secret) && !text.includes(password))
})

test("a shop is opened once, however often it is asked for, and a user name belongs to one shop", async () => {
  const opening = { directory: readerOf(ground.directory), fleet: ground.fleet, now: new Date() }
  const again = await Promise.all([1, 2].map(() => openShop(opening, neighbourShop)))
  for (const opened of again) assert.deepEqual(opened, ground.neighbour)
  await assert.rejects(openShop(opening, { ...neighbourShop, id: 40, owner: { username: "anna@rose", password } }), /taken/)
  await assert.rejects(openShop(opening, { ...neighbourShop, shard: "s2" }), /already/)
  const opened = await openShop(opening, { ...neighbourShop, id: 40, owner: { username: "fourth", password } })
  const session = await call("POST", signIn("fourth"))
  assert.equal(session.one.attributes.saasCustomerId, opened.id)
})
