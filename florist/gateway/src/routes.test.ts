import assert from "node:assert/strict"
import { test } from "node:test"
import { routeFinder } from "./routes.ts"

test("the deepest route that covers a path takes it, and a literal segment goes before any", () => {
  const find = routeFinder({
    pages: ["/"],
    orders: ["/api/v1/orders", "/api/v1/orders/*/fiscal"],
    payments: ["/api/v1/orders/*/payments"],
    reports: ["/api/v1/orders/analytics", "/api/v1/stores/*/stats"],
  })
  const cases = {
    "/": "pages",
    "/assets/kassa.js": "pages",
    "/api/v1/orders": "orders",
    "/api/v1/orders/7": "orders",
    "/api/v1/orders/7/payments": "payments",
    "/api/v1/orders/7/payments/9": "payments",
    "/api/v1/orders/7/fiscal": "orders",
    "/api/v1/orders/analytics/marginality": "reports",
    "/api/v1/orders2": "pages",
    "/api/v1/stores/7/stats": "reports",
    "/api/v1/stores/7": "pages",
  }
  for (const [path, service] of Object.entries(cases)) assert.equal(find(path), service, path)
})
