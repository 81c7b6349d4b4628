import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "node:test"
import { loadConfig } from "../load-config.ts"
import { complaintsOf } from "../testing.ts"

const base = "name: shop\nservices: { web: { start: node server.js, routes: [/] } }\n"
const wrong = (watch: string) => complaintsOf(`${base}watch: ${watch}`).map(({ key, message }) => `${key}: ${message}`)

test("the examples of the reference are right as they stand", async () => {
  const reference = await readFile(join(import.meta.dirname, "../reference.yml"), "utf8")
  const example = reference.slice(reference.indexOf("# #   checks:")).replaceAll(/^# #/gm, "")
  const variables = {
    ORDERS_URL: "postgres://127.0.0.1/orders",
    SMTP_URL: "smtp://127.0.0.1:25",
    BOT_TOKEN: "1:a",
    SLACK_URL: "https://x/",
    HOOK_SECRET: "s",
    ZABBIX_TOKEN: "t",
  }
  const { watch } = loadConfig(`${base}watch:\n${example}`, "conveyor.yml", variables)
  assert.deepEqual(Object.keys(watch.checks), ["shop-page", "sign-in", "orders-db", "mail", "certificate", "name", "nightly-report"])
  assert.deepEqual(watch.checks["mail"]?.tcp, { host: "mail.example", port: 25 })
  assert.equal(watch.checks["sign-in"]?.http?.length, 2)
  assert.deepEqual(Object.keys(watch.notify), ["duty", "chat", "lead", "hook"])
})

for (const [written, complaint] of [
  ["{ checks: { a: { every: 1m } } }", /watch\.checks\.a: .*one of http, tcp/],
  ["{ checks: { a: { http: 'https://x/', tcp: 'x:1' } } }", /watch\.checks\.a: .*no second one/],
  ["{ checks: { a: { http: 'file:///etc/passwd' } } }", /watch\.checks\.a\.http/],
  ["{ checks: { a: { tcp: 'x:1', depends_on: [b] } } }", /depends_on.*another check/],
  ["{ checks: { a: { tcp: 'x:1', depends_on: [a] } } }", /depends_on.*another check/],
  ["{ checks: { a: { http: { url: 'https://x/', json: { state: up } } } } }", /json/],
  ["{ notify: { a: { smtp: { url: 'http://x', from: a@b.example, to: [c@d.example] } } } }", /watch\.notify\.a\.smtp\.url/],
  ["{ notify: { a: { telegram: { token: secret, chat: 1 } } } }", /token of a bot/],
  ["{ notify: { a: { slack: { url: 'https://x/' }, webhook: { url: 'https://x/' } } } }", /no second one/],
] as const) {
  test(`${written} is refused where it is wrong`, () => {
    const complaints = wrong(written)
    assert.ok(
      complaints.some((each) => complaint.test(each)),
      complaints.join("\n"),
    )
  })
}
