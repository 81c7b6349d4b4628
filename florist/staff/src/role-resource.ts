// Roles and permissions as resources of the published API. A shop's roles are the platform's own five; each operation checks them by itself, and the
// permissions tell programs what to show. Called by sessions, workers and the list of roles.
import type { Resource } from "@florist/kit/document"
import { referencesTo } from "@florist/kit/document"
import { delivering, everyone, handling, management, roles, selling } from "@florist/kit/role"
import type { Role } from "@florist/kit/role"

const permissions: readonly { id: string; code: string; title: string; roles: readonly Role[] }[] = [
  { id: "1", code: "retail.stores.manage", title: "Stores: open and change", roles: management },
  { id: "2", code: "staff.workers.manage", title: "Workers: take on, change, dismiss", roles: management },
  { id: "3", code: "staff.timecards.correct", title: "Timecards: correct", roles: management },
  { id: "4", code: "staff.timecards.keep", title: "Timecards: start and end one's own", roles: everyone },
  { id: "5", code: "catalog.items.manage", title: "Catalog: items, categories, prices", roles: management },
  { id: "6", code: "sales.orders.keep", title: "Orders: make and sell", roles: selling },
  { id: "7", code: "stock.documents.keep", title: "Stock: receive, make, write off", roles: handling },
  { id: "8", code: "delivery.keep", title: "Delivery: send and bring", roles: delivering },
  { id: "9", code: "reports.read", title: "Reports", roles: management },
]

const titles: Readonly<Record<Role, string>> = {
  owner: "ADMIN",
  manager: "MANAGER",
  florist: "FLORIST",
  courier: "COURIER",
  cashier: "CASHIER",
}

/** The published API's ids of roles are small numbers. */
export const roleId = (role: Role): string => String(roles.indexOf(role) + 1)

/** @returns undefined for an id that no role has. */
export const roleOfId = (id: string): Role | undefined => roles.find((role) => roleId(role) === id || role === id)

const permissionsOf = (role: Role) => permissions.filter((permission) => permission.roles.includes(role))

export const roleResource = (role: Role): Resource => ({
  type: "roles",
  id: roleId(role),
  attributes: { title: titles[role], code: role },
  relationships: {
    permissions: referencesTo(
      "permissions",
      permissionsOf(role).map(({ id }) => id),
    ),
  },
})

export const permissionResources = (role: Role): Resource[] =>
  permissionsOf(role).map(({ id, code, title }) => ({ type: "permissions", id, attributes: { code, title } }))
