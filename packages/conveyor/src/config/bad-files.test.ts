// Files that a person may write by mistake: each is told with its line, its key, what was found and what would be right,
// in words for people; and files that only look odd are taken.
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import fc from "fast-check"
import { complaintsOf } from "./testing.ts"

const top = "name: shop\nservices:\n  web: { start: node server.js, routes: [/] }\n"
const service = (rest: string) => `name: shop\nservices:\n  web: { ${rest} }\n`
const fleet = (rest: string) => `${top}fleet: { shards: { main: 'postgres://db/x' }, ${rest} }`

/** The text of a file, and "line key" of each complaint with what it has to say. */
const bad: readonly [text: string, ...complaints: (readonly [place: string, says: RegExp])[]][] = [
  ["", ["1 ", /found nothing; right is: .*`name` and `services`/]],
  ["# nothing\n", ["1 ", /found nothing/]],
  ["just words", ["1 ", /found "just words"; right is: .*`name` and `services`/]],
  ["- name: shop\n", ["1 ", /found a list/]],
  ["services:\n  web: { start: x, routes: [/] }\n", ["1 name", /is missing: a name .*my-shop/]],
  [top.replace("shop", "My Shop"), ["1 name", /found "My Shop"; right is: a name .*small letters/]],
  [top.replace("shop", "7"), ["1 name", /found 7; right is: a name/]],
  [top.replace("shop", "[a]"), ["1 name", /found a list; right is: a name/]],
  [top.replace("shop", `"${"a".repeat(80)}"`), ["1 name", /found "a+…; right is: a name/]],
  ["name: shop\n", ["1 services", /is missing/]],
  ["name: shop\nservices: {}\n", ["2 services", /found nothing in it; right is: at least one service/]],
  ["name: shop\nservices: web\n", ["2 services", /found "web"; right is: names with values/]],
  ["name: shop\nservices:\n  web: node server.js\n", ["3 services.web", /found "node server.js"; right is: .*start:.*routes:/]],
  ["name: shop\nservices:\n  web:\n", ["3 services.web", /found no value; right is: .*start:/]],
  ["name: shop\nservices:\n  Web!: { start: x, routes: [/] }\n", ["3 services.Web!", /found "Web!" as a name; right is: a name/]],
  [service("routes: [/]"), ["3 services.web.start", /is missing: a command line/]],
  [service("start: '', routes: [/]"), ["3 services.web.start", /found ""; right is: a command line/]],
  [service("start: 5, routes: [/]"), ["3 services.web.start", /found 5; right is: a command line/]],
  [service("start: x, routes: []"), ["3 services.web.routes", /found an empty list; right is: at least one path/]],
  [service("start: x, routes: /"), ["3 services.web.routes", /found "\/"; right is: the paths .*such as \[\/\]/]],
  [service("start: x, routes: [api]"), ["3 services.web.routes.0", /found "api"; right is: a path that begins with "\/"/]],
  [service("start: x, routes: [/api/]"), ["3 services.web.routes.0", /found "\/api\/"; right is: a path .*does not end/]],
  [service("start: x, routes: [/, '/a b']"), ["3 services.web.routes.1", /found "\/a b"; right is: a path/]],
  [service("start: x, routes: ['/a?b']"), ["3 services.web.routes.0", /found "\/a\?b"/]],
  [service("start: x, routes: ['http://x/']"), ["3 services.web.routes.0", /right is: a path/]],
  [service("start: x, routes: [Shop.example.org/]"), ["3 services.web.routes.0", /with a host in small letters/]],
  [service("start: x, routes: ['shop.example.org:80/']"), ["3 services.web.routes.0", /right is: a path/]],
  [service("start: x, routes: ['a.*.org/']"), ["3 services.web.routes.0", /right is: a path/]],
  [service("start: x, routes: [shop.example.org]"), ["3 services.web.routes.0", /right is: a path/]],
  [service("start: x, routes: [/, /]"), ["3 services.web.routes.1", /is a route of web already/]],
  [`${top}  api: { start: y, routes: [/] }\n`, ["4 services.api.routes.0", /found "\/"; right is: a path that no other service has/]],
  [service("start: x, routes: [/], copies: 0"), ["3 services.web.copies", /found 0; right is: a whole number from 1 to 100/]],
  [service("start: x, routes: [/], copies: 1000"), ["3 services.web.copies", /found 1000; right is: .* 1 to 100/]],
  [service("start: x, routes: [/], copies: 1.5"), ["3 services.web.copies", /found 1.5; right is: a whole number/]],
  [service("start: x, routes: [/], copies: .inf"), ["3 services.web.copies", /found .inf; right is: a whole number/]],
  [service("start: x, routes: [/], copies: two"), ["3 services.web.copies", /found "two"; right is: a whole number/]],
  [service("start: x, routes: [/], copies: '2'"), ["3 services.web.copies", /found "2"; right is: a whole number/]],
  [service("start: x, routes: [/], port: 80"), ["3 services.web.port", /no such key here; there are start, routes, /]],
  [service("start: x, route: [/]"), ["3 services.web.route", /did you mean "routes"\?/]],
  [`${top}relase: { notice: 5s }\n`, ["4 relase", /no such key here; did you mean "release"\?/]],
  [`${top}version: '3'\n`, ["4 version", /no such key here; there are name, build/]],
  [`${top}release: { notice: soon }\n`, ["4 release.notice", /found "soon"; right is: a duration from 0s to 20d, such as 250ms/]],
  [`${top}release: { notice: -5s }\n`, ["4 release.notice", /found "-5s"; right is: a duration/]],
  [`${top}release: { notice: 15 }\n`, ["4 release.notice", /found 15; right is: a duration/]],
  [`${top}release: { bake: { for: 5m, at_most: 1m } }\n`, ["4 release.bake.at_most", /right is: at least as long as `for`/]],
  [
    `${top}release: { bake: { when_quiet: never } }\n`,
    ["4 release.bake.when_quiet", /found "never"; right is: hold, synthetic or promote_after/],
  ],
  [`${top}release: { bake: { when_quiet: synthetic } }\n`, ["4 release.bake.synthetic", /at least one path to ask/]],
  [`${top}environment: [A=1]\n`, ["4 environment", /found a list; right is: names with values/]],
  [`${top}environment: { A: }\n`, ["4 environment.A", /found no value; right is: a text; write '' for an empty one/]],
  [`${top}environment: { A: [1] }\n`, ["4 environment.A", /found a list; right is: a text/]],
  [`${top}environment: { 'MY-VAR': x }\n`, ["4 environment.MY-VAR", /found "MY-VAR" as a name; right is: a name of letters/]],
  [`${top}environment: { A: '\${NOPE}' }\n`, ["4 environment.A", /\$\{NOPE\} is not set; set it where `conveyor up` is started/]],
  [`${top}environment: { A: '\${}' }\n`, ["4 environment.A", /\$\{\} names no variable; write \$\{NAME\}/]],
  [`${top}environment: { A: '\${1X}' }\n`, ["4 environment.A", /names no variable/]],
  [`${top}environment: { '\${SET}': x }\n`, ["4 environment.${SET}", /is a key: variables are filled in in values only/]],
  [
    `${top}environment: { PORT: '3000', HOST: 0.0.0.0, CONVEYOR_RELEASE: x }\n`,
    ["4 environment.PORT", /another name: the conveyor itself gives PORT/],
    ["4 environment.HOST", /another name/],
    ["4 environment.CONVEYOR_RELEASE", /another name/],
  ],
  [service("start: x, routes: [/], environment: { PORT: 80 }"), ["3 services.web.environment.PORT", /another name/]],
  [`${top}edge: { listen: 8080 }\n`, ["4 edge.listen", /found 8080; right is: host:port, such as 127.0.0.1:8080/]],
  [`${top}edge: { listen: 127.0.0.1:80000 }\n`, ["4 edge.listen", /found "127.0.0.1:80000"; right is: .*up to 65535/]],
  [`${top}edge: { listen: 'http://x:80' }\n`, ["4 edge.listen", /right is: host:port/]],
  [`${top}edge: { trusted_proxies: [abc] }\n`, ["4 edge.trusted_proxies.0", /found "abc"; right is: an address or a network/]],
  [`${top}edge: { proxy_protocol: yes }\n`, ["4 edge.proxy_protocol", /found "yes"; right is: true or false/]],
  [`${top}edge: { limits: { body: 5 } }\n`, ["4 edge.limits.body", /found 5; right is: a size from 1B to 1024TB, such as 64KB/]],
  [`${top}status: { method: GET, path: /healthz }\n`, ["4 status.method", /no such key here; there are path or client/]],
  [`${top}status: { path: 'http://x/health' }\n`, ["4 status.path", /found "http:\/\/x\/health"; right is: a path/]],
  [
    service("start: x, routes: [/], health: yes"),
    ["3 services.web.health", /found "yes"; right is: how its copies are asked .*path: \/healthz/],
  ],
  [
    service("start: x, routes: [/], health: {}"),
    ["3 services.web.health", /exactly one way to ask: `path`, `tcp`, `command` or `stays_up`/],
  ],
  [service("start: x, routes: [/], health: { path: /h, tcp: true }"), ["3 services.web.health.tcp", /exactly one way to ask/]],
  [service("start: x, routes: [/], health: { tcp: false }"), ["3 services.web.health.tcp", /found false; right is: true/]],
  [service("start: x, routes: [/], health: { tcp: true, codes: [200] }"), ["3 services.web.health.codes", /together with `path` alone/]],
  [
    service("start: x, routes: [/], health: { path: healthz }"),
    ["3 services.web.health.path", /found "healthz"; right is: a path that begins/],
  ],
  [
    service("start: x, routes: [/], health: { path: /h, method: PUT }"),
    ["3 services.web.health.method", /found "PUT"; right is: GET or POST/],
  ],
  [service("start: x, routes: [/], health: { path: /h, codes: [] }"), ["3 services.web.health.codes", /at least one code that means well/]],
  [
    service("start: x, routes: [/], health: { path: /h, codes: 200 }"),
    ["3 services.web.health.codes", /found 200; right is: codes, such as/],
  ],
  [
    service("start: x, routes: [/], health: { path: /h, codes: [2xx] }"),
    ["3 services.web.health.codes.0", /found "2xx"; right is: a status code/],
  ],
  [service("start: x, routes: [/], health: { path: /h, codes: [299-200] }"), ["3 services.web.health.codes.0", /right is: a status code/]],
  [
    service("start: x, routes: [/], health: { path: /h, host: 'http://x' }"),
    ["3 services.web.health.host", /found "http:\/\/x"; right is: a host/],
  ],
  [
    service("start: x, routes: [/], health: { path: /h, body: json }"),
    ["3 services.web.health.body", /found "json"; right is: status or none/],
  ],
  [service("start: x, routes: [/], health: { command: '' }"), ["3 services.web.health.command", /right is: a command line/]],
  [
    service("start: x, routes: [/], health: { path: /h, timeout: 5m }"),
    ["3 services.web.health.timeout", /right is: a duration from 1ms to 1m/],
  ],
  [
    service("start: x, routes: [/], health: { path: /h, interval: 0s }"),
    ["3 services.web.health.interval", /right is: a duration from 1s to 1h/],
  ],
  [
    service("start: x, routes: [/], health: { path: /h, failures: 0 }"),
    ["3 services.web.health.failures", /right is: a whole number from 1 to 100/],
  ],
  [service("start: x, routes: [/], health: { stays_up: 2m }"), ["3 services.web.health.stays_up", /shorter than `release.start_within`/]],
  [service("start: x, when_not_current: never"), ["3 services.web.when_not_current", /found "never"; right is: stop or keep/]],
  [service("start: x, routes: [/], when_not_current: stop"), ["3 services.web.when_not_current", /on a service without `routes` alone/]],
  [service("start: x, standing: SIGUSR2"), ["3 services.web.standing", /found "SIGUSR2"; right is: how a copy is told/]],
  [
    service("start: x, standing: { signal: SIGKILL }"),
    ["3 services.web.standing.signal", /found "SIGKILL"; right is: SIGUSR1, SIGUSR2 or SIGHUP/],
  ],
  [service("start: x, standing: {}"), ["3 services.web.standing", /exactly one of `signal` and `path`/]],
  [`${top}release: { commands: [x] }\n`, ["4 release.commands", /found a list; right is: names with commands/]],
  [`${top}release: { commands: { a: x } }\n`, ["4 release.commands.a", /found "x"; right is: what is to be run and when/]],
  [
    `${top}release: { commands: { a: { run: x } } }\n`,
    ["4 release.commands.a.phase", /is missing: before_expand, after_start or after_promotion/],
  ],
  [
    `${top}release: { commands: { a: { run: x, phase: expand } } }\n`,
    ["4 release.commands.a.phase", /found "expand"; right is: before_expand/],
  ],
  [
    `${top}release: { commands: { a: { run: x, phase: after_start, service: api } } }\n`,
    ["4 release.commands.a.service", /a service of this file: web/],
  ],
  [
    `${top}release: { commands: { a: { run: x, phase: after_promotion, on_failure: stop } } }\n`,
    ["4 release.commands.a.on_failure", /go_on: users have the new version/],
  ],
  [`${top}jobs: [a]\n`, ["4 jobs", /found a list; right is: names with jobs/]],
  [`${top}jobs: { a: x }\n`, ["4 jobs.a", /found "x"; right is: what is to be run and when/]],
  [
    `${top}jobs: { a: { schedule: "61 * * * *", command: x } }\n`,
    ["4 jobs.a.schedule", /found "61 \* \* \* \*"; right is: a cron expression/],
  ],
  [`${top}jobs: { a: { schedule: every day, command: x } }\n`, ["4 jobs.a.schedule", /right is: a cron expression, such as/]],
  [`${top}jobs: { a: { schedule: "0 0 31 2 *", command: x } }\n`, ["4 jobs.a.schedule", /right is: a cron expression/]],
  [
    `${top}jobs: { a: { schedule: "@daily", time_zone: Moon/Crater, command: x } }\n`,
    ["4 jobs.a.time_zone", /found "Moon\/Crater"; right is: a time zone/],
  ],
  [`${top}jobs: { a: { schedule: "@daily", command: x, overlap: maybe } }\n`, ["4 jobs.a.overlap", /right is: skip, queue or allow/]],
  [`${top}jobs: { a: { schedule: "@daily", command: x, missed: all } }\n`, ["4 jobs.a.missed", /right is: skip or run_once/]],
  [`${top}jobs: { a: { schedule: "@daily", command: x, service: api } }\n`, ["4 jobs.a.service", /a service of this file: web/]],
  [`${top}fleet: {}\n`, ["4 fleet.shards", /is missing/]],
  [
    `${top}fleet: { shards: { main: 'not a url' } }\n`,
    ["4 fleet.shards.main", /found "not a url"; right is: the URL of a database: postgres:/],
  ],
  [
    `${top}fleet: { shards: { main: 'mysql://u:hunter2@h/x' } }\n`,
    ["4 fleet.shards.main", /found "mysql:\/\/u:…@h\/x"; right is: .*postgres:/],
  ],
  [
    `${top}fleet: { changes: ../../etc, shards: { main: 'postgres://x/y' } }\n`,
    ["4 fleet.changes", /found "..\/..\/etc"; right is: a folder of the repository/],
  ],
  [`${top}fleet: { changes: /etc, shards: { main: 'postgres://x/y' } }\n`, ["4 fleet.changes", /right is: a folder of the repository/]],
  [fleet("backfill: { window: 22-6 }"), ["4 fleet.backfill.window", /found "22-6"; right is: hours, such as 20:00-06:00/]],
  [fleet("backfill: { duty: 2 }"), ["4 fleet.backfill.duty", /found 2; right is: the part of the time/]],
  [fleet("throttle: { replica_lag: never }"), ["4 fleet.throttle.replica_lag", /found "never"; right is: a duration.*, or off/]],
  [fleet("contract: { readers: none }"), ["4 fleet.contract.readers", /found "none"; right is: required or trust-release/]],
  [`${top}build: [npm, ci]\n`, ["4 build", /found a list; right is: a command line/]],
  [`${top}test: { rum: x }\n`, ["4 test.run", /is missing: a command line/], ["4 test.rum", /did you mean "run"\?/]],
  [`${top}timeouts: { build: forever }\n`, ["4 timeouts.build", /found "forever"; right is: a duration/]],
  [`${top}---\nname: b\n`, ["4 ", /a second document begins here/]],
  ["x: &a { start: x, routes: [/] }\nname: shop\nservices: { web: *a }\n", ["1 x", /no such key here; there are name/]],
  ["name: shop\nname: store\nservices: { web: { start: x, routes: [/] } }\n", ["2 name", /the key stands here for the second time/]],
  ["name: shop\nservices:\n\tweb: x\n", ["3 ", /indent with spaces/]],
  ["name: shop\nservices: [\n", ["3 ", /close every bracket/]],
  ["name: shop\nservices: *none\n", ["2 services", /there is no &none before this \*none/]],
  ['name: "shop\nservices: {}\n', ["3 ", /./]],
  ["name: shop: store\n", ["1 ", /put quotes around the value/]],
  ["name: @shop\n", ["1 name", /put quotes around it/]],
  ["\uFFFD\uFFFDn\0a\0m\0e\0:\0", ["1 ", /this is UTF-16; save the file as UTF-8/]],
  ["\0\u0001\u0002", ["1 ", /this is no text/]],
  [`${top}release: { start_within: 0s }\n`, ["4 release.start_within", /found "0s"; right is: a duration from 1ms to 20d/]],
  [`${top}release: { start: { at_once: 0 } }\n`, ["4 release.start.at_once", /right is: auto, or a whole number from 1 to 1000/]],
  [
    `${top}release: { start: { wait_for_users: soon } }\n`,
    ["4 release.start.wait_for_users", /right is: off, or a duration from 0s to 1h/],
  ],
  [service("start: x, routes: [/], warm_up: [orders]"), ["3 services.web.warm_up.0", /a path that begins with "\/"/]],
  [`${top}release: { notice: 99999999d }\n`, ["4 release.notice", /found "99999999d"; right is: a duration from 0s to 20d/]],
  [`${top}release: { notice: 0.5ms }\n`, ["4 release.notice", /found "0.5ms"; right is: a duration/]],
  [`${top}edge: { timeouts: { connect: 0s } }\n`, ["4 edge.timeouts.connect", /right is: a duration from 1ms/]],
  [`${top}edge: { limits: { head: 1B } }\n`, ["4 edge.limits.head", /found "1B"; right is: a size from 1KB to 1MB/]],
  [`${top}edge: { listen: '999.1.1.1:80' }\n`, ["4 edge.listen", /right is: host:port/]],
  [fleet("servers: { waves: [0.5, 0.2] }"), ["4 fleet.servers.waves", /right is: parts of the fleet, each larger/]],
  [`${top}environment: { A: !secret x }\n`, ["4 environment.A", /"!" begins a tag, and no such tag is known/]],
  [`${top}environment: { A: "a\\0b" }\n`, ["4 environment.A", /right is: a text without zero bytes/]],
  [`${top}environment: { __proto__: x }\n`, ["4 environment.__proto__", /this name cannot be used/]],
  [`${top}environment: { A: '\${open' }\n`, ["4 environment.A", /a \$\{ has no \} behind it/]],
  [`${top}"\\e[2Jx": 1\n`, ["4 \\u001b[2Jx", /no such key here/]],
  [`x: ${"[".repeat(20_000)}`, ["1 ", /nested too deep/]],
  ["n\0a\0m\0e\0", ["1 ", /this is UTF-16/]],
  ["\0n\0a\0m\0e", ["1 ", /this is UTF-16/]],
  [`%YAML 9.9\n---\n${top}`, ["1 ", /a line that begins with "%"/]],
  [`#${"x".repeat(2 ** 20)}`, ["1 ", /longer than a megabyte/]],
  ["name: sh\uFFFDp\n", ["1 ", /bytes in it that are not UTF-8/]],
]

test("each mistake is told at its place, with what was found and what would be right, and no other is told", () => {
  for (const [text, ...expected] of bad) {
    const complaints = complaintsOf(text, { SET: "x" })
    assert.deepEqual(complaints.map(({ line, key }) => `${line} ${key}`).toSorted(), expected.map(([place]) => place).toSorted(), text)
    for (const [place, says] of expected) {
      const { message = "" } = complaints.find(({ line, key }) => `${line} ${key}` === place) ?? {}
      assert.match(message, says, text)
      assert.doesNotMatch(message, /expected|received|invalid|input|undefined|\bobject\b|regex/i, "a word of the schema's")
    }
  }
})

test("what only looks odd is taken", () => {
  const odd: readonly [text: string, variables?: Record<string, string>][] = [
    [`\uFEFF${top}`],
    [top.replaceAll("\n", "\r\n")],
    ['{"name":"shop","services":{"web":{"start":"x","routes":["/"]}}}'],
    ["x-web: &web { start: x, routes: [/] }\nname: shop\nservices: { web: { <<: *web, copies: 2 } }\n"],
    ["---\nname: shop\nservices: { web: { start: x, routes: [/] } }\n...\n"],
    [service("start: node worker.js, copies: 2, when_not_current: keep")],
    [service("start: x, routes: [/], copies: ${COPIES}"), { COPIES: "3" }],
    [service("start: x, routes: [/], copies: ${COPIES:-2}")],
    [`${top}edge: { proxy_protocol: "\${PROXY}" }`, { PROXY: "true" }],
    [`${top}status: { client: 007 }`],
    [`${top}fleet: { shards: { main: \${URL} } }`, { URL: "postgres://u:p#a%20b@h:5432/x?sslmode=require" }],
  ]
  for (const [text, variables] of odd) assert.deepEqual(complaintsOf(text, variables), [], text)
})

test("what a variable holds is shown to nobody, and a value of the environment neither", () => {
  const texts = [
    service("start: x, routes: [/], copies: ${S}"),
    `${top}edge: { listen: "\${S}" }`,
    `${top}release: { notice: "\${S}" }`,
    `${top}fleet: { shards: { main: "\${S}" } }`,
    `${top}environment: { PORT: hunter2 }`,
    `${top}x-listen: &listen \${S}\nedge: { listen: *listen }`,
    `${top}x-edge: &edge { listen: "\${S}" }\nedge: { <<: *edge }`,
    `${top}x-edge: &edge { listen: "\${S}" }\nx-more: &more { <<: *edge }\nedge: { <<: [*more] }`,
    service("start: x, routes: ['/${S}', '/${S}']"),
    `${top}fleets: { a: { changes: "\${S}", shards: { x: postgres://h/x } }, b: { changes: "\${S}", shards: { y: postgres://h/y } } }`,
  ]
  for (const text of texts) {
    const complaints = complaintsOf(text, { S: "hunter2" })
    assert.equal(complaints.length, 1, text)
    assert.doesNotMatch(JSON.stringify(complaints), /hunter2/)
  }
})

const reference = readFileSync(join(import.meta.dirname, "reference.yml"), "utf8").replaceAll(/^# ?(?=\s*(?:# |[a-z_]+:))/gm, "")
const lines = reference.split("\n")
const pieces =
  "5|-1|1e9|null|true|[]|{}|[a]|{a: 1}|'x'|${S}|*a|&a x|!t x|@|\"|'|`|- x|? a|: b|>|\t|#|%|1s|off|.inf|.nan|0x1F|${|}|\u0007|---|...|<<: *a".split(
    "|",
  )
const spoiled = fc
  .array(fc.record({ at: fc.nat(lines.length - 1), piece: fc.constantFrom("", ...pieces), cut: fc.nat(40) }), {
    minLength: 1,
    maxLength: 3,
  })
  .map((spots) =>
    lines
      .map((line, i) => spots.filter(({ at }) => at === i).reduce((text, { cut, piece }) => text.slice(0, cut) + piece, line))
      .join("\n"),
  )

test("however the reference is spoiled, it is taken or each mistake is told at its place, in words for people", () => {
  fc.assert(
    fc.property(spoiled, (text) => {
      for (const { line, message } of complaintsOf(text, { S: "hunter2", SHOP_1_URL: "postgres://h/x", ACCOUNTS_URL: "postgres://h/y" })) {
        assert.ok(line >= 1 && line <= lines.length + 1)
        assert.doesNotMatch(message, /expected|received|invalid|undefined|\[object|hunter2|\n/i)
      }
    }),
    { numRuns: 300 },
  )
})
