// Kopecks for people, and back.
const whole = new Intl.NumberFormat("ru-RU", { style: "currency", currency: "RUB", maximumFractionDigits: 0 })
const exact = new Intl.NumberFormat("ru-RU", { style: "currency", currency: "RUB" })

export function roubles(kopecks) {
  return (kopecks % 100 === 0 ? whole : exact).format(kopecks / 100)
}

/** Undefined for what is no amount of money. */
export function kopecks(text) {
  const match = /^\s*(\d{1,9})(?:[.,](\d{1,2}))?\s*$/.exec(text)
  return match === null ? undefined : Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0"))
}
