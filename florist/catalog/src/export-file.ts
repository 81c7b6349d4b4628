// Price lists as text: CSV for tables, YML (the markup of marketplaces) for sites. Pure; called by whoever makes exports, part by part.
export type ExportFormat = "csv" | "yml"

export interface ExportedItem {
  id: string
  title: string
  /** From the root: "Flowers / Roses". */
  category: string
  categoryId: string
  /** "120.00" roubles; undefined where it has none. */
  priceMin: string | undefined
  priceMax: string | undefined
  measure: string
  vendorCodes: readonly string[]
  barcodes: readonly string[]
  isPublic: boolean
}

interface Format {
  contentType: string
  head: (at: Date) => string
  item: (item: ExportedItem) => string
  tail: string
}

const columns = ["id", "title", "category", "price_from", "price_to", "measure", "vendor_codes", "barcodes", "public"]

/** RFC 4180; what a table program would take for a formula is made text. */
function cell(value: string): string {
  const text = /^[=+\-@\t]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" }
const xml = (text: string) => text.replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? sign)
const element = (name: string, value: string) => `<${name}>${xml(value)}</${name}>`

export const formats: Readonly<Record<ExportFormat, Format>> = {
  csv: {
    contentType: "text/csv; charset=utf-8",
    head: () => `${columns.join(",")}\r\n`,
    item: ({ id, title, category, priceMin = "", priceMax = "", measure, vendorCodes, barcodes, isPublic }) =>
      `${[id, title, category, priceMin, priceMax, measure, vendorCodes.join(" "), barcodes.join(" "), isPublic ? "yes" : "no"].map(cell).join(",")}\r\n`,
    tail: "",
  },
  yml: {
    contentType: "application/xml; charset=utf-8",
    head: (at) => `<?xml version="1.0" encoding="UTF-8"?>\n<yml_catalog date="${at.toISOString()}"><shop><offers>\n`,
    item: ({ id, title, categoryId, priceMin, vendorCodes, barcodes, isPublic }) =>
      [
        `<offer id="${xml(id)}" available="${String(isPublic)}">`,
        element("name", title),
        ...(priceMin === undefined ? [] : [element("price", priceMin), element("currencyId", "RUR")]),
        element("categoryId", categoryId),
        ...vendorCodes.slice(0, 1).map((code) => element("vendorCode", code)),
        ...barcodes.map((code) => element("barcode", code)),
        "</offer>\n",
      ].join(""),
    tail: "</offers></shop></yml_catalog>\n",
  },
}
