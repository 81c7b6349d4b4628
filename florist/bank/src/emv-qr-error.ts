// Why a text is not a merchant-presented code, or why one cannot be written. Thrown by emv-qr.ts and tlv.ts.

export type EmvQrProblem =
  /** An identifier, a length, or the text that it promises is missing. */
  | "bad-object"
  | "repeated-field"
  | "missing-field"
  /** A value that its field does not allow. */
  | "bad-field"
  /** The format indicator is not first, or the checksum not last. */
  | "bad-order"
  | "bad-checksum"
  /** Over 512 characters. */
  | "too-long"

export class EmvQrError extends Error {
  override readonly name = "EmvQrError"
  readonly problem: EmvQrProblem

  constructor(problem: EmvQrProblem, detail: string) {
    super(detail)
    this.problem = problem
  }
}
