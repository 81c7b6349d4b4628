import assert from "node:assert/strict"
import { test } from "node:test"
import { commandOfDockerfile, remarksOn } from "./remarks.ts"

const folderOf = (files: Readonly<Record<string, string>>) => ({
  has: (...names: string[]) => names.find((name) => name in files),
  text: async (name: string) => files[name] ?? "",
})

test("of a Dockerfile the last CMD is the start, in either form, after an ENTRYPOINT and over lines that go on", async () => {
  const cases: readonly [text: string, start: string | undefined][] = [
    [`FROM node\nCMD ["node", "a b.js"]\n`, "node 'a b.js'"],
    ["CMD node old.js\nCMD node new.js --port $PORT\n", "node new.js --port $PORT"],
    [`ENTRYPOINT ["python3"]\ncmd ["app.py"]\n`, "python3 app.py"],
    ["CMD node \\\n  server.js\n", "node    server.js"],
    ["FROM node\n# CMD node no.js\n", undefined],
  ]
  for (const [Dockerfile, start] of cases) assert.equal(await commandOfDockerfile(folderOf({ Dockerfile })), start)
  assert.equal(await commandOfDockerfile(folderOf({})), undefined)
})

test("what is not taken over is said with what to do about it: images, ports, services of a compose file, migrations", async () => {
  const remarks = await remarksOn(
    folderOf({
      Dockerfile: "FROM node\nEXPOSE 3000\nCMD node server.js\n",
      "compose.yaml":
        "services:\n  web: { build: ., ports: ['3000:3000', { target: 80, published: 8080 }, 9000] }\n  db: { image: postgres:17 }\n",
      prisma: "",
    }),
  )
  const all = remarks.join("\n")
  assert.match(all, /no image is built.*EXPOSEs 3000/)
  assert.match(all, /web \(ports 3000:3000, 8080:80, 9000\) is built here/)
  assert.match(all, /db is postgres:17: run it as before/)
  assert.match(all, /npx prisma migrate deploy, phase: before_expand/)
})

test("a compose file that cannot be read is said to be unread, and nothing is said where nothing lies", async () => {
  for (const text of ["services: [", "", "services: 3\n"])
    assert.match((await remarksOn(folderOf({ "compose.yml": text }))).join(""), /cannot be read, and was not looked at/)
  assert.deepEqual(await remarksOn(folderOf({ "README.md": "" })), [])
})
