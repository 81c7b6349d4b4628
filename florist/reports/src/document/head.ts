// What the columns of reports are called in the language of whoever opens the file. Pure; called by the makers of files.
import type { Column } from "./sheet.ts"

export const languages = ["ru", "en"] as const
export type Language = (typeof languages)[number]

export const headOf = ({ title }: Pick<Column, "title">, language: Language): string =>
  language === "ru" ? (russian[title] ?? title) : title

export const russian: Readonly<Record<string, string>> = {
  Amount: "Сумма",
  "At opening": "На открытие",
  "At prices": "В ценах продажи",
  "Average order": "Средний чек",
  "Before discounts": "До скидок",
  Bouquet: "Букет",
  Category: "Категория",
  Closed: "Закрыта",
  Cost: "Себестоимость",
  Count: "Количество",
  Counted: "Пересчитано",
  Customer: "Клиент",
  Day: "День",
  Days: "Дни",
  Difference: "Расхождение",
  Discounts: "Скидки",
  Expected: "Ожидалось",
  "Given back": "Возвращено",
  "Hours worked": "Отработано часов",
  "In and out": "Внесено и изъято",
  Item: "Товар",
  Kind: "Вид",
  Marginality: "Маржинальность, %",
  Method: "Способ",
  Net: "Итого",
  Number: "Номер",
  "On the showcase since": "На витрине с",
  Opened: "Открыта",
  Order: "Заказ",
  Orders: "Заказы",
  "Payments and returns": "Оплаты и возвраты",
  Price: "Цена",
  Profit: "Прибыль",
  Quantity: "Количество товара",
  Reason: "Причина",
  Received: "Получено",
  Register: "Касса",
  Returned: "Возвраты",
  "Returned orders": "Возвращённые заказы",
  Revenue: "Выручка",
  Share: "Доля, %",
  Sold: "Продано",
  Source: "Источник",
  Status: "Статус",
  Store: "Магазин",
  Worker: "Сотрудник",
}
