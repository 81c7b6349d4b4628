// A worker: what comes in, the row, the resource. With it the worker's user: the name and role to sign in with.
import { manyOut, oneOut, reference, referencesTo, resource, resourceOut, toMany, toOne } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import { text, title, uuid } from "@florist/kit/input"
import { roles as allRoles } from "@florist/kit/role"
import type { Role } from "@florist/kit/role"
import { roubles, roublesOut, toRoubles } from "@florist/kit/money"
import { workerType } from "@florist/kit/contracts/staff"
import { z } from "zod"
import { newPassword } from "./password.ts"
import { roleId, roleOfId } from "./role-resource.ts"
import { username } from "./username.ts"

const userType = "users"

const name = text(100)
const attributes = z
  .object({
    firstName: title(100),
    lastName: name,
    middleName: name.nullable(),
    countryCode: z.coerce.number().int().min(1).max(999).nullable(),
    phone: text(30).nullable(),
    email: text(200)
      .regex(/^$|^\S+@\S+$/, "must be an e-mail address")
      .nullable(),
    salary: roubles,
    salaryPeriod: z.enum(["hour", "day", "week", "month"]),
  })
  .partial()
export type WorkerAttributes = z.output<typeof attributes>

const role = z.coerce
  .string()
  .refine((id) => roleOfId(id) !== undefined, `must be the id of a role: ${allRoles.map((one) => `${roleId(one)} (${one})`).join(", ")}`)
  .transform((id) => roleOfId(id) ?? "florist")
const status = z.enum(["on", "off"])

/** One role; the published shape has a list. */
const rolesIn = z.object({ data: z.array(z.object({ type: z.string().optional(), id: role })).length(1, "must name one role") })
const userIn = z
  .object({
    data: z.object({
      type: z.string().optional(),
      id: uuid.optional(),
      attributes: z.object({ login: username, password: newPassword, status }).partial().optional(),
      relationships: z.object({ roles: rolesIn.optional() }).optional(),
    }),
  })
  .transform(({ data: { id, attributes = {}, relationships } }) => ({ id, ...attributes, role: relationships?.roles?.data[0]?.id }))
  .optional()
export type UserIn = NonNullable<z.output<typeof userIn>>

const relationships = z.object({ position: toOne(), stores: toMany(), user: userIn }).optional()
const links = z.unknown().optional()

const bodyOf = <A extends z.ZodType>(attributes: A) =>
  z
    .object({ data: z.object({ type: z.literal(workerType).optional(), id: uuid.optional(), attributes, relationships, links }) })
    .transform(({ data }) => ({
      id: data.id,
      attributes: (data as { attributes: z.output<A> }).attributes,
      relationships: data.relationships ?? {},
    }))

export const newWorker = bodyOf(z.object({ ...attributes.shape, firstName: title(100) }))
export const changedWorker = bodyOf(z.object({ ...attributes.shape, revision: z.number().int().optional() }).default({}))
export type WorkerIn = z.output<typeof newWorker>
export type ChangedWorker = z.output<typeof changedWorker>

const switched = z.object({ data: z.object({ id: uuid, type: z.string().optional(), attributes: z.object({ status }) }) })
const switchedWorker = z
  .object({ type: z.string().optional(), id: uuid, relationships: z.object({ user: switched, users: switched }).partial() })
  .refine(
    ({ relationships: { user, users } }) => user !== undefined || users !== undefined,
    "must have the relationship user with its status",
  )
  .transform(({ id, relationships: { user, users } }) => ({ id, status: (user ?? users)?.data.attributes.status ?? "on" }))
/** The published schema has one worker, its example a list. */
export const switchedWorkers = z
  .object({ data: z.union([switchedWorker.transform((one) => [one]), z.array(switchedWorker).min(1).max(200)]) })
  .transform(({ data }) => data)

export const workerOut = resourceOut(
  workerType,
  {
    firstName: z.string(),
    lastName: z.string(),
    middleName: z.string().nullable(),
    countryCode: z.number().nullable(),
    phone: z.string().nullable(),
    email: z.string().nullable(),
    salary: roublesOut.nullable(),
    salaryPeriod: z.enum(["hour", "day", "week", "month"]),
    validPhone: z.boolean(),
    dismissed: z.boolean(),
    revision: z.number(),
  },
  { user: oneOut, position: oneOut, stores: manyOut },
)

/** Columns by what a client may set. */
export const workerColumns = {
  firstName: "first_name",
  lastName: "last_name",
  middleName: "middle_name",
  countryCode: "country_code",
  phone: "phone",
  email: "email",
  salary: "salary",
  salaryPeriod: "salary_period",
} as const satisfies Record<keyof WorkerAttributes, string>

/** Salaries are for the management's eyes. */
export function workerResource(row: Row, eyes: "management" | "everyone"): Resource {
  const phone = text0(row.phone)
  return resource(
    workerType,
    String(row.id),
    {
      firstName: String(row.first_name),
      lastName: String(row.last_name),
      middleName: text0(row.middle_name),
      countryCode: row.country_code === null ? null : Number(row.country_code),
      phone,
      email: text0(row.email),
      salary: eyes === "management" ? toRoubles(Number(row.salary)) : null,
      salaryPeriod: String(row.salary_period),
      validPhone: isPhone(phone),
      dismissed: row.dismissed_at !== null,
      revision: Number(row.revision),
    },
    {
      user: reference(userType, row.account_id),
      position: reference("positions", row.position_id),
      stores: referencesTo("stores", row.store_ids as string[]),
    },
  )
}

export const userResource = (row: Row): Resource => ({
  type: userType,
  id: String(row.account_id),
  attributes: { login: String(row.username), status: String(row.account_status) },
  relationships: { roles: referencesTo("roles", [roleId(row.role as Role)]), worker: reference(workerType, row.id) },
})

const text0 = (value: unknown): string | null => (typeof value === "string" ? value : null)

/** National number with 7 to 15 digits, however it is grouped. */
const isPhone = (phone: string | null): boolean => /^\d{7,15}$/.test((phone ?? "").replaceAll(/[\s()+-]/g, ""))
