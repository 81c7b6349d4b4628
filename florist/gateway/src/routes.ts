// Which service answers which path: the platform's one table of routes, as conveyor.yml has it for the edge (a test holds the two together, and each service's
// operations against it). A segment "*" stands for any one segment; the route with the most segments wins.

export const routes: Readonly<Record<string, readonly string[]>> = {
  gateway: ["/", "/internal/gateway"],
  staff: [
    "/api/v1/positions",
    "/api/v1/roles",
    "/api/v1/schedule",
    "/api/v1/sessions",
    "/api/v1/stores",
    "/api/v1/timecard-hours",
    "/api/v1/timecards",
    "/api/v1/users",
    "/api/v1/worker",
    "/api/v1/workers",
    "/internal/staff",
  ],
  catalog: [
    "/api/v1/catalog",
    "/api/v1/catalog-export",
    "/api/v1/catalog-exports",
    "/api/v1/categories",
    "/api/v1/inventory-groups",
    "/api/v1/inventory-items",
    "/api/v1/measures",
    "/internal/catalog",
  ],
  stock: [
    "/api/v1/bouquets",
    "/api/v1/inventory-items/*/warehouse-movement",
    "/api/v1/inventory-items/last-costs",
    "/api/v1/inventory-items/net-costs",
    "/api/v1/movement-act",
    "/api/v1/movement-acts",
    "/api/v1/purchase-orders",
    "/api/v1/purchase-plan",
    "/api/v1/receipts",
    "/api/v1/recipes",
    "/api/v1/showcase",
    "/api/v1/stock",
    "/api/v1/stocktakes",
    "/api/v1/suppliers",
    "/api/v1/write-off-reasons",
    "/api/v1/write-offs",
    "/internal/stock",
  ],
  orders: ["/api/v1/discount-reasons", "/api/v1/order-sources", "/api/v1/order-tags", "/api/v1/orders", "/internal/orders"],
  payments: [
    "/api/v1/cash-movements",
    "/api/v1/cash-reasons",
    "/api/v1/gift-cards",
    "/api/v1/journal",
    "/api/v1/orders/*/payments",
    "/api/v1/orders/*/qr-payments",
    "/api/v1/payment-methods",
    "/api/v1/payments",
    "/api/v1/qr-payments",
    "/api/v1/registers",
    "/api/v1/shifts",
    "/internal/payments",
  ],
  loyalty: [
    "/api/v1/bonus-group-changes-history",
    "/api/v1/bonus-groups",
    "/api/v1/customer-celebration",
    "/api/v1/customer-celebration-dates",
    "/api/v1/customer-celebrations",
    "/api/v1/customer-events",
    "/api/v1/customer-preferences",
    "/api/v1/customer-sources",
    "/api/v1/customers",
    "/api/v1/customers-stats",
    "/api/v1/discount-groups",
    "/internal/loyalty",
  ],
  reports: [
    "/api/v1/bouquet-price-diapasons",
    "/api/v1/inventory-items/*/stats-by-store",
    "/api/v1/orders/analytics",
    "/api/v1/projections",
    "/api/v1/report-types",
    "/api/v1/reports",
    "/api/v1/stats",
    // Behind a store there are only its figures.
    "/api/v1/stores/*/*",
    "/internal/reports",
  ],
}

interface Node {
  service?: string
  literal: Map<string, Node>
  any?: Node
}

/** Compiled once; a lookup costs as much as the path has segments. */
export function routeFinder(table: Readonly<Record<string, readonly string[]>>): (path: string) => string | undefined {
  const root: Node = { literal: new Map() }
  for (const [service, patterns] of Object.entries(table)) for (const pattern of patterns) place(root, segmentsOf(pattern), service)
  return (path) => find(root, segmentsOf(path), 0)
}

function place(root: Node, segments: readonly string[], service: string): void {
  let node = root
  for (const segment of segments) {
    const next = segment === "*" ? (node.any ??= { literal: new Map() }) : (node.literal.get(segment) ?? { literal: new Map() })
    if (segment !== "*") node.literal.set(segment, next)
    node = next
  }
  node.service = service
}

/** The deepest route that covers the path; between equals a literal segment goes before "*". */
function find(root: Node, segments: readonly string[], from: number): string | undefined {
  let best: { depth: number; service: string } | undefined
  const walk = (node: Node, depth: number): void => {
    if (node.service !== undefined && (best === undefined || depth > best.depth)) best = { depth, service: node.service }
    const segment = segments[depth]
    if (segment === undefined) return
    const literal = node.literal.get(segment)
    if (literal !== undefined) walk(literal, depth + 1)
    if (node.any !== undefined) walk(node.any, depth + 1)
  }
  walk(root, from)
  return best?.service
}

const segmentsOf = (path: string): string[] => path.split("/").filter((segment) => segment !== "")
