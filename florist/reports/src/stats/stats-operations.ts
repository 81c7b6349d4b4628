// The published statistics: the same figures for one store (/v1/stores/{id}/...) and for several (/v1/stats/stores/...).
import { documentOut } from "@florist/kit/document"
import type { Document } from "@florist/kit/document"
import { several, uuid } from "@florist/kit/input"
import { ok, readOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { everyone, management, selling } from "@florist/kit/role"
import type { Role } from "@florist/kit/role"
import { z } from "zod"
import { debts, debtsMetaOut, debtsOut } from "./debts.ts"
import { general, generalMetaOut, generalOut } from "./general.ts"
import { paymentsByMethod, paymentsOut, sources, sourcesOut, workers, workersOut } from "./parts.ts"
import { ranges, rangeQuery } from "./range.ts"
import { scopeOfStore, scopeOfStores, scopeQuery } from "./scope.ts"
import type { Scope } from "./scope.ts"
import { paymentsRevenue, paymentsRevenueOut, profit, profitOut, revenue, revenueOut, seriesMetaOut } from "./series.ts"
import {
  diapasons,
  diapasonsOut,
  showcase,
  showcaseDays,
  showcaseDaysOut,
  showcaseMetaOut,
  showcaseNowMetaOut,
  showcaseOut,
  showcasePrices,
  showcasePricesOut,
  topFlowers,
  topFlowersOut,
} from "./showcase.ts"
import {
  baseMetaOut,
  baseOut,
  packing,
  packingOut,
  topItemsOut,
  topWrittenOff,
  warehouseBase,
  warehouseMetaOut,
  warehouses,
  warehousesOut,
  writeOffs,
  writeOffsOut,
} from "./warehouse.ts"

interface Statistic {
  /** The published operationId. */
  id: string
  summary: string
  /** Below /v1/stores/{id}. */
  ofStore?: string
  /** Below /v1/stats/stores. */
  ofStores?: string
  access: readonly Role[]
  answer: z.ZodType
  work: (scope: Scope) => Promise<Document>
}

const calculated = { calculatedAt: z.string().nullable() }
const listOf = (resource: z.ZodType, meta: z.ZodRawShape) => documentOut(z.array(resource), meta)

const statistics: readonly Statistic[] = [
  {
    id: "GeneralStoreStats",
    summary: "Revenue, money, profit, orders, discounts and points",
    ofStore: "stats",
    ofStores: "general",
    access: management,
    answer: documentOut(generalOut, generalMetaOut),
    work: general,
  },
  {
    id: "WorkersStoreStats",
    summary: "Sales by worker; a worker who is no manager sees the own ones",
    ofStore: "stats-workers",
    ofStores: "workers",
    access: selling,
    answer: listOf(workersOut, calculated),
    work: workers,
  },
  {
    id: "RevenueStoreStats",
    summary: "Revenue by day or month",
    ofStore: "stats-revenue",
    ofStores: "revenue",
    access: management,
    answer: listOf(revenueOut, seriesMetaOut),
    work: revenue,
  },
  {
    id: "PaymentsRevenueStoreStats",
    summary: "Money taken less money given back, by day or month",
    ofStore: "stats-payments-revenue",
    ofStores: "payments-revenue",
    access: management,
    answer: listOf(paymentsRevenueOut, seriesMetaOut),
    work: paymentsRevenue,
  },
  {
    id: "ProfitStoreStats",
    summary: "Revenue less the cost of what was sold, by day or month",
    ofStore: "stats-profit",
    ofStores: "profit",
    access: management,
    answer: listOf(profitOut, seriesMetaOut),
    work: profit,
  },
  {
    id: "PaymentsStoreStats",
    summary: "Payments by method",
    ofStore: "stats-payments",
    ofStores: "payments",
    access: management,
    answer: listOf(paymentsOut, calculated),
    work: paymentsByMethod,
  },
  {
    id: "SourcesStoreStats",
    summary: "Revenue by order source",
    ofStore: "stats-sources",
    ofStores: "sources",
    access: management,
    answer: listOf(sourcesOut, calculated),
    work: sources,
  },
  {
    id: "WarehousesStoreStats",
    summary: "What lies in the store, at prices and at cost, and what was written off",
    ofStore: "stats-warehouses",
    access: management,
    answer: documentOut(warehousesOut, calculated),
    work: warehouses,
  },
  {
    id: "ShowcaseStoreStats",
    summary: "What was sold from the showcase, and what stands on it",
    ofStore: "showcase-stats",
    access: management,
    answer: documentOut(showcaseOut, showcaseNowMetaOut),
    work: showcase,
  },
  {
    id: "ShowcaseDaysStoreStats",
    summary: "On which days and at which hours the showcase sold",
    ofStore: "showcase-days-stats",
    access: management,
    answer: documentOut(showcaseDaysOut, showcaseMetaOut),
    work: showcaseDays,
  },
  {
    id: "ShowcasePriceStoreStats",
    summary: "At which prices the showcase sold",
    ofStore: "showcase-price-stats",
    access: management,
    answer: listOf(showcasePricesOut, showcaseMetaOut),
    work: showcasePrices,
  },
  {
    id: "ShowcaseTopFlowersStoreStats",
    summary: "Which flowers the showcase sold",
    ofStore: "showcase-top-flowers-stats",
    access: management,
    answer: listOf(topFlowersOut, showcaseMetaOut),
    work: topFlowers,
  },
]

const refuses = [400, 404, 422]
const someStores = several(uuid)

const ofStore = ({ id, summary, ofStore: path, access, answer, work }: Statistic): Operation[] =>
  path === undefined
    ? []
    : [
        readOperation({
          id,
          method: "GET",
          path: `/v1/stores/{id}/${path}`,
          tag: "Stores API",
          summary,
          access,
          refuses,
          params: z.object({ id: uuid }),
          query: z.object(scopeQuery),
          answers: { 200: answer },
          handle: async (asked) => ok(await work(await scopeOfStore(asked, asked.params.id))),
        }),
      ]

const ofStores = ({ id, summary, ofStores: path, access, answer, work }: Statistic): Operation[] =>
  path === undefined
    ? []
    : [
        readOperation({
          id: `${id}OfShop`,
          method: "GET",
          path: `/v1/stats/stores/${path}`,
          tag: "Store Stats API",
          summary,
          access,
          refuses,
          query: z.object({
            ...scopeQuery,
            "filter[stores]": someStores.optional(),
          }),
          answers: { 200: answer },
          handle: async (asked) => ok(await work(await scopeOfStores(asked, asked.query["filter[stores]"]))),
        }),
      ]

interface StockStatistic {
  id: string
  path: string
  summary: string
  answer: z.ZodType
  work: (scope: Scope) => Promise<Document>
}

const stockStatistics: readonly StockStatistic[] = [
  {
    id: "WarehouseBaseStoreStats",
    path: "stats-warehouse-base",
    summary: "Documents of the warehouse, what is left, shortages and surpluses",
    answer: documentOut(baseOut, baseMetaOut),
    work: warehouseBase,
  },
  {
    id: "WarehouseWriteOffStats",
    path: "write-off-stats",
    summary: "What was written off by reason, in per cent of sales and of purchases",
    answer: documentOut(z.array(writeOffsOut)),
    work: writeOffs,
  },
  {
    id: "WarehousePackingInvoiceStats",
    path: "packing-invoice",
    summary: "What was received, by category",
    answer: documentOut(z.array(packingOut), { total: z.number() }),
    work: packing,
  },
]

const ofStock = ({ id, path, summary, answer, work }: StockStatistic): Operation =>
  readOperation({
    id,
    method: "GET",
    path: `/v1/stats/stores/${path}`,
    tag: "Stores API",
    summary,
    access: management,
    refuses,
    query: z.object({
      ...rangeQuery,
      "filter[stores]": someStores,
    }),
    answers: { 200: answer },
    handle: async (asked) => ok(await work(await scopeOfStores(asked, asked.query["filter[stores]"]))),
  })

const debtsAnswer = documentOut(z.array(debtsOut), debtsMetaOut)
const debtsSummary = "What customers owe, and what they paid in advance"

export const statsOperations: readonly Operation[] = [
  ...statistics.flatMap(ofStore),
  ...statistics.flatMap(ofStores),
  ...stockStatistics.map(ofStock),
  readOperation({
    id: "WarehouseTopItemsStoreStats",
    method: "GET",
    path: "/v1/stats/stores/stats-warehouse-top-items",
    tag: "Stores API",
    summary: "Which items were written off most",
    access: management,
    query: z.object({ ...rangeQuery, "filter[stores]": someStores, "filter[reason]": z.string().max(60).optional() }),
    answers: { 200: listOf(topItemsOut, warehouseMetaOut) },
    refuses,
    handle: async (asked) =>
      ok(await topWrittenOff(await scopeOfStores(asked, asked.query["filter[stores]"]), asked.query["filter[reason]"])),
  }),
  readOperation({
    id: "DebtsStoreStats",
    method: "GET",
    path: "/v1/stores/{id}/stats-debts",
    tag: "Stores API",
    summary: debtsSummary,
    access: management,
    params: z.object({ id: uuid }),
    query: z.object(scopeQuery),
    answers: { 200: debtsAnswer },
    refuses,
    handle: async (asked) => ok(await debts(await scopeOfStore(asked, asked.params.id), asked.query["filter[range]"])),
  }),
  readOperation({
    id: "DebtsStoreStatsOfShop",
    method: "GET",
    path: "/v1/stats/stores/debts",
    tag: "Store Stats API",
    summary: debtsSummary,
    access: management,
    query: z.object({ ...scopeQuery, "filter[range]": z.enum(ranges).default("week"), "filter[stores]": someStores }),
    answers: { 200: debtsAnswer },
    refuses,
    handle: async (asked) => ok(await debts(await scopeOfStores(asked, asked.query["filter[stores]"]), asked.query["filter[range]"])),
  }),
  readOperation({
    id: "ListBouquetPriceDiapasons",
    method: "GET",
    path: "/v1/bouquet-price-diapasons",
    tag: "Stores API",
    summary: "The bands of prices that showcase-price-stats tells apart",
    access: everyone,
    answers: { 200: documentOut(z.array(diapasonsOut)) },
    refuses: [],
    handle: async () => ok({ data: diapasons() }),
  }),
]
