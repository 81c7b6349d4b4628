// Kopecks, thousandths and hundredths of a per cent as whole numbers; the wire's decimals and people's, without a float in between.

const whole = new Intl.NumberFormat("ru-RU", { style: "currency", currency: "RUB", maximumFractionDigits: 0 })
const exact = new Intl.NumberFormat("ru-RU", { style: "currency", currency: "RUB" })

/** 499050 -> "4 990,50 ₽" */
export const roubles = (kopecks) => (kopecks % 100 === 0 ? whole : exact).format(kopecks / 100)

/** 3000 -> "3", 1500 -> "1,5" */
export const units = (thousandths) =>
  decimal(thousandths, 3)
    .replace(/\.?0+$/, "")
    .replace(".", ",")

/** What a person typed: "1 000,50" is 100050; undefined for what is no amount. */
export const typedKopecks = (text) => typed(text, 2)
export const typedThousandths = (text) => typed(text, 3)
export const typedHundredths = (text) => typed(text, 2)

function typed(text, decimals) {
  const match = new RegExp(`^(\\d{1,9})(?:[.,](\\d{1,${decimals}}))?$`).exec(text.replaceAll(/[\s\u00A0₽]/g, ""))
  return match === null ? undefined : Number(`${match[1]}${(match[2] ?? "").padEnd(decimals, "0")}`)
}

/** Numbers and decimal texts of the wire. */
export const kopecksOf = (value) => scaled(value, 2)
export const thousandthsOf = (value) => scaled(value, 3)

function scaled(value, decimals) {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(value ?? 0))
  if (match === null) return 0
  const number = Number(`${match[2]}${(match[3] ?? "").slice(0, decimals).padEnd(decimals, "0")}`)
  return match[1] === "-" ? -number : number
}

export const toRoubles = (kopecks) => decimal(kopecks, 2)
export const toUnits = (thousandths) => decimal(thousandths, 3)
export const toPercent = (hundredths) => decimal(hundredths, 2)

function decimal(value, decimals) {
  const digits = String(Math.abs(value)).padStart(decimals + 1, "0")
  return `${value < 0 ? "-" : ""}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
}

/** Rounded half up, as the services round. */
export const timesPrice = (thousandths, price) => Number((BigInt(thousandths) * BigInt(price) + 500n) / 1000n)
export const percentOf = (amount, hundredths) => Number((BigInt(amount) * BigInt(hundredths) + 5000n) / 10000n)
