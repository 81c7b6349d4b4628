// `watch.zabbix` of conveyor.yml: the Zabbix server that is shown how everything stands. Called by watch.ts.
import { z } from "zod"
import { text } from "../words.ts"
import { hostAndPort } from "./checks.ts"

const frontend = "the frontend's address, such as https://zabbix.example/zabbix"

const api = z
  .strictObject({
    url: z.string(frontend).refine((value) => /^https?:\/\//.test(value) && URL.canParse(value), frontend),
    token: text("an API token").optional(),
    user: text("a user's name").optional(),
    password: text("the user's password").optional(),
  })
  .refine(
    ({ token, user, password }) => (token !== undefined) !== (user !== undefined && password !== undefined),
    "either token, or user and password",
  )

export const zabbix = z.strictObject({
  server: hostAndPort,
  host: text("a technical name that Zabbix takes: letters, digits, spaces, dots, dashes and underscores", /^[\w .-]{1,128}$/).optional(),
  api: api.optional(),
})
