import assert from "node:assert/strict"
import { test } from "node:test"
import type { Readable } from "../operations/operation.ts"
import { namedBy } from "./readers.ts"

const taken: Readable[] = [{ kind: "column", table: { schema: "board", name: "note" }, column: "body" }]

/** Each in a way of its own: by name, by whole row, by position, behind an alias, inside a command. */
const users = [
  "copy board.note to stdout",
  "copy board.note (id, body) to stdout",
  "table board.note",
  "select row_to_json(note) from board.note",
  "select to_jsonb(n) from board.note n",
  "select n::text from board.note n",
  "select jsonb_agg(n) from board.note n",
  "select array_agg(n) from board.note n",
  "insert into board.note values ($1, $2, $3)",
  "select * from (select n from board.note n) x",
  "with n as (table board.note) select n from n",
  "select (x).body from (select n as x from board.note n) y",
  "delete from board.note returning *",
  "select md5(n::text) from board.note n",
  "select body from board . note",
  "SELECT BODY FROM BOARD.NOTE",
  'select "body" from "board"."note"',
  "select id from board.note order by 3",
  "declare c cursor for select n from board.note n",
  "select n is distinct from m from board.note n, board.note m",
  "create temp table r as select body from board.note",
  "create table x.r as select * from board.note",
  "do $$begin perform body from board.note; end$$",
  "explain select body from board.note",
  "prepare p as select body from board.note",
  "select body into temp t from board.note",
  "select body from note",
  "update board.note set body = $1",
  "merge into board.note n using s on s.id=n.id when not matched then insert values (1,2)",
  "merge into board.note n using s on s.id=n.id when matched then update set body = s.x",
  "insert into board.note (id) values (1) on conflict (body) do nothing",
  "insert into board.note (id) values (1) on conflict (id) do update set body = excluded.id",
  "insert into board.note (id) values (1) on conflict (id) do update set key = excluded.body",
  "select 1 from board.other o where exists (select 1 from board.note n where n.body = o.x)",
  "select o.id from board.other o natural join board.note",
  "select a from board.note n(a,b,c)",
  "select o.id from board.other o join board.note n using (body)",
  "select (select body) from board.note",
  "with x as (select id, body from board.note) select count(*) from x",
  "select id from board.note group by body",
  "select count(*) filter (where body = 'x') from board.note",
  "select j.body from (board.note n join x on true) j",
  "select body(n) from board.note n",
  "select x.body from x, lateral (select n.body from board.note n) y",
  "select conveyor.body from board.note conveyor",
  "select body from board.note where ctid >= '(0,0)'",
  "call f('board.note')",
  "select distinct on (body) id from board.note",
  "select id from board.note where (id, body) = any (select a,b from z)",
  "select id, sum(1) over (partition by body) from board.note",
  "update board.note set (id, body) = (1, 2)",
  "select board.note.body from board.note",
  "select note.* from board.note",
  "delete from board.other using board.note n where n.body = other.x",
  "update board.other o set body = n.body from board.note n",
]

/** The same words for something else: an alias, a column of another table, a column that is set elsewhere. */
const others = [
  "select text as body from board.note",
  "insert into board.log (body) select text from board.note",
  "select o.body from board.log o, board.note n",
  "select l.body from board.log l where l.id in (select id from board.note)",
  "select key, text as body from board.note where key = $1",
  "select count(*) from board.note",
  "with x as (select body from board.other) select x.body, n.text from board.note n, x",
  "select * from board.other where exists (select 1 from board.note)",
  "select text from board.note where kind = 'body'",
  "select text as body from board.note order by body",
  "with note as (select 1 as body) select body from note",
  "copy board.note (id, key) to stdout",
  "insert into board.note (id) values (1) returning id",
  "update board.note set key = $1 where id = $2 returning key",
  "alter table board.note add body2 text",
  "vacuum board.note",
  "select body from archive.note",
  "select n.text from board.note n join board.other o on o.note_id = n.id where o.body = $1",
  "update board.other set body = (select key from board.note where id = 1)",
]

test("whatever may use the column counts as its reader", async () => {
  for (const query of users) assert.notEqual(await namedBy(query, taken), undefined, query)
})

test("what cannot be the column is no reader, whatever it is called", async () => {
  for (const query of others) assert.equal(await namedBy(query, taken), undefined, query)
})
