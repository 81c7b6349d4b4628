// The functions behind the sync triggers. Each runs with the rights of the change's owner, whatever role the application
// writes as: that role need not know the new table. Used by the triggers of derive_columns and derive_rows.

/**
 * "pinned": nothing but PostgreSQL's own names are found without a schema; "in UTC" also what a session may
 * set of time and form, as the engine's own sessions have it. "application": what the database gives every session,
 * behind PostgreSQL's own, for functions that write tables: the application's triggers there fire inside, and look for their tables.
 */
type Surroundings = "pinned" | "pinned in UTC" | "application"

export function triggerFunction(name: string, surroundings: Surroundings, body: string): string {
  const create = (setting: string) =>
    `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path ${setting} AS ${dollarQuoted(body)}`
  if (surroundings === "pinned") return create("= pg_catalog, pg_temp")
  if (surroundings === "pinned in UTC")
    return create(
      "= pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, YMD' SET IntervalStyle = 'iso_8601' SET extra_float_digits = 1",
    )
  return `SELECT set_config('search_path', ${applicationPath}, true);\n${create("FROM CURRENT")};\nSELECT set_config('search_path', 'pg_catalog', true)`
}

/** What a session of this database begins with, as SQL. */
export const applicationPath =
  "concat_ws(', ', 'pg_catalog', (SELECT nullif(reset_val, '') FROM pg_settings WHERE name = 'search_path'), 'pg_temp')"

function dollarQuoted(text: string): string {
  let tag = "$conveyor$"
  for (let n = 1; text.includes(tag); n++) tag = `$conveyor_${n}$`
  return `${tag}${text}\n${tag}`
}
