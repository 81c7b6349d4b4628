import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { ownUnit } from "./managed.ts"
import { planService } from "./plan.ts"
import { unitText } from "./unit.ts"

const analyze = ["/usr/bin/systemd-analyze", "/bin/systemd-analyze"].find((file) => existsSync(file))

const options = {
  name: "shop",
  scope: "system",
  command: [process.execPath, "/srv/a b/100%/$HOME/main.js", "--state", String.raw`/srv/say "hi" \ there`],
  folder: "/srv/shop",
  user: "root",
  path: "/usr/bin:/bin",
} as const

test(
  "systemd takes the unit as it is, whatever is in the paths",
  { skip: analyze === undefined && "no systemd-analyze here" },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "conveyor-unit-"))
    try {
      const shop = join(folder, "100% shop")
      await mkdir(shop)
      for (const [text, expected] of [
        [unitText({ ...options, folder: shop }), "taken"],
        [unitText({ ...options, folder: shop }).replace("Type=exec", "Type=nonsense"), "complained of"],
      ] as const) {
        const file = join(folder, "conveyor-shop.service")
        await writeFile(file, text)
        const { stdout, stderr } = spawnSync(analyze ?? "", ["verify", "--man=no", "--recursive-errors=no", file], { encoding: "utf8" })
        const about = `${stdout}${stderr}`.split("\n").filter((line) => line.includes("conveyor-shop"))
        assert.equal(about.length === 0 ? "taken" : "complained of", expected, about.join("\n"))
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  },
)

test("specifiers, variables and quotes in a path are words of the path", () => {
  const line =
    unitText(options)
      .split("\n")
      .find((each) => each.startsWith("ExecStart=")) ?? ""
  assert.ok(line.includes('"/srv/a b/100%%/$$HOME/main.js"'), line)
  assert.ok(line.endsWith(String.raw`"/srv/say \"hi\" \\ there"`), line)
})

test("a path with a line break is refused, and adds no line to the unit", () => {
  assert.throws(() => unitText({ ...options, folder: "/srv/x\nUser=root" }), /control character/)
})

test("edge and copies outlive the control plane that systemd stops, and it is started again however often it ends", () => {
  for (const line of ["KillMode=process", "Restart=always", "StartLimitIntervalSec=0", "Delegate=yes"])
    assert.ok(unitText(options).split("\n").includes(line), line)
})

test("a user's own unit is in the user's folder, for the user's systemd, and names no user", () => {
  const { file, commands } = planService("install", "shop", "user", "/home/anna")
  assert.equal(file, "/home/anna/.config/systemd/user/conveyor-shop.service")
  assert.deepEqual(commands, [
    ["systemctl", "--user", "daemon-reload"],
    ["systemctl", "--user", "enable", "--now", "conveyor-shop.service"],
  ])
  assert.doesNotMatch(unitText({ ...options, scope: "user", user: undefined }), /^User=|multi-user/m)
})

test("a process of a unit knows which one it is of, and whose systemd that is", () => {
  const variables = (scope: "system" | "user") => {
    const text = unitText({ ...options, scope, user: undefined })
    return Object.fromEntries([...text.matchAll(/(CONVEYOR_\w+)=(\S+)/g)].map(([, key, value]) => [key, value]))
  }
  for (const scope of ["system", "user"] as const) assert.deepEqual(ownUnit(variables(scope)), { unit: "conveyor-shop.service", scope })
  assert.equal(ownUnit({ PATH: "/bin" }), undefined)
})
