// Who works in the demo's shop, and who buys there; names are put together from lists. Called by the season and by `npm run florist`.
import type { Random } from "../random.ts"

export interface Employee {
  /** Signs in with it, and with `demoPassword`. */
  username: string
  role: "manager" | "florist" | "courier" | "cashier"
  firstName: string
  lastName: string
  /** Index of the store; left out for all stores. */
  store?: number
  position: string
  /** Roubles an hour. */
  salary: number
}

/** For the demo alone: everybody is told. */
export const demoPassword = "flowers-for-all"
export const ownerName = "olga"

export const employees: readonly Employee[] = [
  { username: "marina", role: "manager", firstName: "Marina", lastName: "Belova", position: "Manager", salary: 520 },
  { username: "faina", role: "florist", firstName: "Faina", lastName: "Lugovaya", store: 0, position: "Senior florist", salary: 430 },
  { username: "fedor", role: "florist", firstName: "Fedor", lastName: "Sadov", store: 1, position: "Florist", salary: 390 },
  { username: "kira", role: "cashier", firstName: "Kira", lastName: "Zimina", store: 0, position: "Cashier", salary: 340 },
  { username: "klim", role: "cashier", firstName: "Klim", lastName: "Ozerov", store: 1, position: "Cashier", salary: 340 },
  { username: "timur", role: "courier", firstName: "Timur", lastName: "Dalniy", position: "Courier", salary: 360 },
]

export const storeTitles = ["Embankment", "Station"] as const

const firstNames = [
  "Anna",
  "Maria",
  "Elena",
  "Sofia",
  "Irina",
  "Polina",
  "Daria",
  "Ivan",
  "Pavel",
  "Maxim",
  "Nikita",
  "Artem",
  "Sergey",
  "Oleg",
]
const lastNames = ["Sokol", "Moroz", "Lisenko", "Klimenko", "Grach", "Dubrava", "Shevchuk", "Kalina", "Romashko", "Berezko", "Stepnyak"]
const streets = ["Sadovaya", "Lugovaya", "Naberezhnaya", "Vokzalnaya", "Parkovaya", "Zelyonaya"]

export interface Person {
  firstName: string
  lastName: string
  /** Ten digits behind the country's 7; no two people of one demo have the same. */
  phone: string
  birthday: string
  street: string
  house: string
  apartment: string
}

/** @param number tells people apart. */
export function person(random: Random, number: number): Person {
  const day = (most: number) => String(1 + random.below(most)).padStart(2, "0")
  return {
    firstName: random.pick(firstNames),
    lastName: random.pick(lastNames),
    phone: `900${String(1_000_000 + number * 7_919).slice(-7)}`,
    birthday: `${1960 + random.below(45)}-${day(12)}-${day(28)}`,
    street: random.pick(streets),
    house: String(1 + random.below(90)),
    apartment: String(1 + random.below(200)),
  }
}
