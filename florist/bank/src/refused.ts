// Why the bank does not do what it is asked. Thrown by the bank and turned into an answer by app.ts.
//
// The codes are those of https://pay.raif.ru/doc/sbp.html ("Справочник ошибок"). Two are ours, since none is published: QR_NOT_PAYABLE, for a code
// that is paid, expired, cancelled or being paid already, and REFUND_ALREADY_REGISTERED, for a refund's id that comes with other data.

export type RefusalCode =
  | "ERROR.UNAUTHORIZED"
  | "ERROR.INVALID_REQUEST"
  | "ERROR.MERCHANT_NOT_REGISTERED"
  | "ERROR.DYNAMIC_QR_WITHOUT_AMOUNT"
  | "ERROR.QR_EXPIRATION_DATE_NOT_VALID"
  | "ERROR.ORDER_NUMBER_ALREADY_REGISTERED"
  | "ERROR.NOT_FOUND"
  | "ERROR.QR_NOT_PAYABLE"
  | "ERROR.REFUND_INSUFFICIENT_FUNDS"
  | "ERROR.REFUND_ALREADY_REGISTERED"
  | "ERROR.REFUND_NOT_FOUND"

const statuses: Partial<Record<RefusalCode, number>> = {
  "ERROR.UNAUTHORIZED": 401,
  "ERROR.NOT_FOUND": 404,
  "ERROR.REFUND_NOT_FOUND": 404,
  "ERROR.ORDER_NUMBER_ALREADY_REGISTERED": 409,
  "ERROR.QR_NOT_PAYABLE": 409,
  "ERROR.REFUND_ALREADY_REGISTERED": 409,
}

export class Refused extends Error {
  override readonly name = "Refused"
  readonly code: RefusalCode
  readonly status: number

  constructor(code: RefusalCode, message: string) {
    super(message)
    this.code = code
    this.status = statuses[code] ?? 400
  }
}
