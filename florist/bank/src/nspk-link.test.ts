import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { decodeNspkLink, encodeNspkLink, NspkLinkError } from "./nspk-link.ts"
import type { NspkLink } from "./nspk-link.ts"

/** Objects as the code makes them, not without a prototype. */
const plainRecord = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(fields, { noNullPrototype: true })

const published = "https://qr.nspk.ru/AD100004BAL7227F9BNP6KNE007J9B3K?type=02&bank=100000000007&sum=1&cur=RUB&crc=AB75"

const links: fc.Arbitrary<NspkLink> = plainRecord({
  qrId: fc.stringMatching(/^[0-9A-Z]{32}$/),
  type: fc.constantFrom("01", "02"),
  bank: fc.stringMatching(/^\d{12}$/),
  amount: fc.option(fc.bigInt({ min: 1n, max: 10n ** 12n }), { nil: undefined }),
})

test("the bank's published example is written and read, its checksum too", () => {
  const link: NspkLink = { qrId: "AD100004BAL7227F9BNP6KNE007J9B3K", type: "02", bank: "100000000007", amount: 1n }
  assert.equal(encodeNspkLink(link), published)
  assert.deepEqual(decodeNspkLink(published), link)
})

test("every link is read as it was written", () => {
  fc.assert(fc.property(links, (link) => assert.deepEqual(decodeNspkLink(encodeNspkLink(link)), link)))
})

test("one changed character in a link is always found", () => {
  fc.assert(
    fc.property(links, fc.nat(), fc.stringMatching(/^[!-~]$/), (link, place, sign) => {
      const text = encodeNspkLink(link)
      const at = place % text.length
      fc.pre(text[at] !== sign)
      assert.throws(() => decodeNspkLink(`${text.slice(0, at)}${sign}${text.slice(at + 1)}`), NspkLinkError)
    }),
  )
})

test("a link of another place is none of ours", () => {
  for (const wrong of ["", "https://example.org/", published.replace("qr.nspk.ru", "qr.nspk.rv"), ` ${published}`, `${published}&x=1`]) {
    assert.throws(() => decodeNspkLink(wrong), NspkLinkError)
  }
})
