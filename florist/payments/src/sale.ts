// What is to be paid for an order, as this service knows it: follows the orders, and asks for one that it has not heard of yet. Called by everything that takes money.
import {
  orderAnswer,
  orderChanged,
  orderPosted,
  orderReturn,
  orderReturned,
  orderReturnedPartly,
  orderSnapshot,
} from "@florist/kit/contracts/orders"
import type { OrderSnapshot } from "@florist/kit/contracts/orders"
import type { Row } from "@florist/kit/database"
import type { OpenShop } from "@florist/kit/fleet"
import { read, uuid } from "@florist/kit/input"
import type { Peers } from "@florist/kit/peers"
import { Refusal, notFound } from "@florist/kit/refusal"
import type { Problem } from "@florist/kit/refusal"
import type { Consumption } from "@florist/kit/relay"
import type { Session } from "@florist/kit/session"
import type { Transaction } from "@florist/kit/transaction"
import { putOnAgenda } from "./agenda.ts"
import { dateOf, textOf } from "./cell.ts"
import { paymentRows } from "./payment-store.ts"

export interface Sale {
  id: string
  /** Of the order as it was heard of last. */
  revision: number
  docNo: string
  storeId: string
  customerId: string | null
  total: number
  status: string
  returnedAt: Date | null
  returnedBy: string | null
  returnedShift: string | null
}

/** Nobody else moves money of the sale while it is locked. */
export interface LockedSale extends Sale {
  /** Payments without what went back of them, and points that were asked for. */
  held: number
  /** 0 where it is paid, also where it is paid too much. */
  due: number
}

export const saleColumns = [
  "shop_id",
  "id",
  "revision",
  "doc_no",
  "store_id",
  "customer_id",
  "total",
  "status",
  "occurred_at",
  "posted_at",
  "returned_at",
]

const selectSale =
  "SELECT id, revision, doc_no, store_id, customer_id, total, status, returned_at, returned_by, returned_shift FROM payments.sale WHERE id = $1"

/**
 * A transaction about an order's money. Where the order was not heard of yet, the orders are asked, and it runs again.
 * @throws Refusal 404 for an order that does not exist, 503 where the orders cannot be asked.
 */
export async function withSale<T>(shop: OpenShop, peers: Peers, id: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
  try {
    return await shop.write(work)
  } catch (cause) {
    if (!(cause instanceof UnknownSale)) throw cause
  }
  const { order } = await peers.ask({ service: "orders", method: "GET", path: `/v1/orders/${id}`, shop: shop.id, answer: orderAnswer })
  await shop.write((tx) => keepSale(tx, order))
  return shop.write(work)
}

/** Of whoever has seen a later state of the order than this service has heard of. @throws so that the orders are asked for it. */
export function assertHeard({ id, revision }: Sale, seen: number): void {
  if (revision < seen) throw new UnknownSale(id)
}

/** Nobody has told of the order yet, or not of its latest state. */
class UnknownSale extends Refusal {
  constructor(id: string) {
    super(noOrder(id).problems as [Problem, ...Problem[]])
  }
}

/** @throws Refusal 404 where the sale is unknown, or of a store that the session does not see. */
export async function lockSale(tx: Transaction, id: string, session?: Session): Promise<LockedSale> {
  // Sent together: the second statement runs after the lock is there, and sees what the last holder left.
  const [[row], [sums]] = await Promise.all([
    tx.query(`${selectSale} FOR UPDATE`, [id]),
    tx.query(
      `SELECT (SELECT coalesce(sum(amount - coalesce(refunded, 0)), 0) FROM ${paymentRows} payment WHERE sale_id = $1)
         + (SELECT coalesce(sum(amount), 0) FROM payments.spending WHERE sale_id = $1 AND state = 'asked') AS held`,
      [id],
    ),
  ])
  if (row === undefined) throw new UnknownSale(id)
  if (!sees(session, String(row.store_id))) throw noOrder(id)
  const sale = saleOf(row)
  const held = Number(sums?.held)
  return { ...sale, held, due: Math.max(0, sale.total - held) }
}

const noOrder = (id: string) => notFound(`order ${id}`, { parameter: "id" })

/** A session with stores sees theirs alone. */
export const sees = (session: Session | undefined, storeId: string): boolean => session?.stores?.includes(storeId) ?? true

export const isClosed = ({ status }: Sale): boolean => status === "canceled" || status === "returned"

function saleOf(row: Row): Sale {
  return {
    id: String(row.id),
    revision: Number(row.revision),
    docNo: String(row.doc_no),
    storeId: String(row.store_id),
    customerId: textOf(row.customer_id),
    total: Number(row.total),
    status: String(row.status),
    returnedAt: dateOf(row.returned_at),
    returnedBy: textOf(row.returned_by),
    returnedShift: textOf(row.returned_shift),
  }
}

async function keepSale(tx: Transaction, order: OrderSnapshot): Promise<void> {
  const names = saleColumns.slice(1)
  await tx.query(
    `INSERT INTO payments.sale (${saleColumns.join(", ")}) VALUES ($1, ${names.map((_, index) => `$${index + 2}`).join(", ")})
     ON CONFLICT (shop_id, id) DO UPDATE SET ${names
       .slice(1)
       .map((name) => `${name} = excluded.${name}`)
       .join(", ")} WHERE sale.revision < excluded.revision`,
    [
      tx.shop,
      read(uuid, order.id, "body"),
      order.revision,
      order.docNo,
      order.storeId,
      order.customerId,
      Math.max(0, order.totalAmount),
      order.status,
      order.createdAt,
      order.postedAt,
      order.returnedAt,
    ],
  )
}

/** A client that returns an order usually posts what it gives back itself; only where it did not, the money goes back as it came. */
export const clientReturnsWithinMs = 20_000

export function followOrders(clock: () => Date): Consumption {
  const keep = (tx: Transaction, { data }: { data: unknown }) => keepSale(tx, orderSnapshot.parse(data))
  /** Of a part the order says what the customer still has to pay; what is held beyond it goes back. */
  const giveBackLater = async (tx: Transaction, { data }: { data: unknown }) => {
    const { order, returnedBy, shiftId } = orderReturn.parse(data)
    await keepSale(tx, order)
    await tx.query("UPDATE payments.sale SET returned_by = $2, returned_shift = $3 WHERE id = $1", [order.id, returnedBy, shiftId])
    await putOnAgenda(tx, "order-return", order.id, new Date(clock().getTime() + clientReturnsWithinMs))
  }
  return {
    from: "orders",
    on: {
      [orderChanged]: keep,
      [orderPosted]: keep,
      [orderReturned]: giveBackLater,
      [orderReturnedPartly]: giveBackLater,
    },
  }
}
