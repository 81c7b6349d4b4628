// CRC-16/CCITT-FALSE, the checksum of both payment codes. Pure; called by nspk-link.ts and emv-qr.ts.

/**
 * Polynomial 0x1021, start 0xFFFF, nothing reflected, nothing added at the end (EMVCo QR Code Specification, Merchant-Presented Mode, ID 63).
 * The same sum over the link up to "&cur=RUB" gives the "crc" that Raiffeisen's own example carries.
 * @returns four hexadecimal digits in upper case, over the UTF-8 bytes of the text.
 */
export function crc16(text: string): string {
  let crc = 0xffff
  for (const byte of Buffer.from(text, "utf8")) crc = ((crc << 8) & 0xffff) ^ step((crc >> 8) ^ byte)
  return crc.toString(16).toUpperCase().padStart(4, "0")
}

/** What one byte does to the sum. */
function step(byte: number): number {
  let sum = byte << 8
  for (let bit = 0; bit < 8; bit += 1) sum = (sum & 0x8000) === 0 ? sum << 1 : (sum << 1) ^ 0x1021
  return sum & 0xffff
}
