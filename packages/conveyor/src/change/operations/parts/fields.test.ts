import assert from "node:assert/strict"
import { test } from "node:test"
import { isSameType } from "./fields.ts"

test("a type is the same however it is written", () => {
  const same = [
    ["timestamptz", "timestamp with time zone"],
    ["timestamp with time zone", "TIMESTAMP WITH TIME ZONE"],
    ["timestamp", "timestamp without time zone"],
    ["timestamptz(3)", "timestamp(3) with time zone"],
    ["timetz", "time with time zone"],
    ["timestamptz[]", "timestamp with time zone[]"],
    ["int8", "bigint"],
    ["varchar(20)", "character varying(20)"],
    ["decimal(12, 2)", "numeric(12,2)"],
  ] as const
  for (const [one, other] of same) assert.ok(isSameType(one, other), `${one} and ${other}`)
})

test("types that differ are not taken for the same", () => {
  const different = [
    ["timestamptz", "timestamp"],
    ["timestamp with time zone", "timestamp without time zone"],
    ["timestamptz(3)", "timestamptz"],
    ["int", "bigint"],
    ["text", "text[]"],
    ["varchar(20)", "varchar(30)"],
  ] as const
  for (const [one, other] of different) assert.ok(!isSameType(one, other), `${one} and ${other}`)
})
