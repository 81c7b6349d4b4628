// What hangs around a column: what a change has to know of the schema beside it, and refuses before anything is touched.
import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PolicyChoices } from "../policy.ts"
import { changeOf, engineFor, query, schemaOf, testRun } from "./testing.ts"

const names = Array.from({ length: 26 }, (_, i) => `a${i}`)
let server: Awaited<ReturnType<typeof startPostgres>>
let used = 0

before(async () => {
  server = await startPostgres({ databases: names })
})
after(() => server.stop())

interface Shard {
  url: string
  engine: ReturnType<typeof engineFor>
}

async function on(setup: string, body: (shard: Shard) => Promise<void>, policy: PolicyChoices = {}): Promise<void> {
  const name = names[used++] ?? ""
  const url = server.url(name)
  await query(url, `CREATE EXTENSION pg_stat_statements; CREATE SCHEMA s; ${setup}`)
  const engine = engineFor([{ name, url }], policy)
  try {
    await body({ url, engine })
  } finally {
    await engine.close()
  }
}

const evidence = { objections: [], lastReaderStoppedAt: undefined }
const derive = (from: string, to: string, up: string, down: string, more = "") =>
  changeOf(
    "0001-x",
    `summary: x\noperations:\n  - derive_columns: { table: s.t, from: { ${from} }, to: { ${to} }, up: { ${up} }, down: { ${down} }${more} }\n`,
  )
const plain = derive("a: int", "b: { type: bigint }", "b: a", "a: b")

async function verified({ engine }: Shard, change = plain): Promise<void> {
  await engine.expand(change, testRun())
  await engine.backfill(change, testRun())
  await engine.verify(change, testRun())
}

/** Refused by plan and by expand alike, with the reason, and without a trace. */
async function refused({ engine, url }: Shard, change: ReturnType<typeof changeOf>, message: RegExp): Promise<void> {
  const was = await schemaOf(url)
  await assert.rejects(engine.plan([change], testRun().signal), { code: "change-refused", message })
  await assert.rejects(engine.expand(change, testRun()), { code: "change-refused", message })
  assert.deepEqual(await schemaOf(url), was)
}

void describe("before anything is touched", () => {
  void test("a table that is inherited is refused", () =>
    on("CREATE TABLE s.t (id int PRIMARY KEY, a int); CREATE TABLE s.child (no int) INHERITS (s.t)", (shard) =>
      refused(shard, plain, /s\.t inherits, or is inherited \(s\.child\)/),
    ))

  void test("a default that would look like a value of the new version is refused", () =>
    on("CREATE TABLE s.t (id int PRIMARY KEY, a int)", async (shard) => {
      await shard.engine.expand(plain, testRun())
      const later = changeOf("0002-y", "summary: y\noperations:\n  - set_default: { table: s.t, column: b, default: '0' }\n")
      await assert.rejects(shard.engine.expand(later, testRun()), { code: "change-refused", message: /"b" of s\.t is being derived/ })
      await shard.engine.undo(plain, testRun())
      const together = changeOf(
        "0003-z",
        "summary: z\noperations:\n  - derive_columns: { table: s.t, from: { a: int }, to: { c: { type: bigint } }, up: { c: a }, down: { a: c } }\n  - set_default: { table: s.t, column: c, default: '0' }\n",
      )
      await assert.rejects(shard.engine.expand(together, testRun()), {
        code: "change-refused",
        message: /"c" of s\.t is derived: a default before contract/,
      })
    }))

  void test("what goes with the old column has to be named by whoever lets it go", () =>
    on(
      `CREATE TABLE s.t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant int, a int NOT NULL DEFAULT 7,
         CONSTRAINT t_a UNIQUE (tenant, a), CONSTRAINT t_positive CHECK (a > 0));
       CREATE INDEX t_by_a ON s.t (a); CREATE STATISTICS s.t_stat ON tenant, a FROM s.t; CREATE PUBLICATION p FOR TABLE s.t (id, a)`,
      async (shard) => {
        const all = ["default", "p", "t_a", "t_by_a", "t_positive", "t_stat"]
        await refused(shard, plain, /unique constraint t_a UNIQUE \(tenant, a\) goes with column "a"/)
        for (const left of all) {
          const rest = all.filter((name) => name !== left)
          const change = derive("a: int", "b: { type: bigint }", "b: a", "a: b", `, lets_go: [${rest.join(", ")}]`)
          await refused(shard, change, / goes with column "a"/)
        }
        await shard.engine.expand(derive("a: int", "b: { type: bigint }", "b: a", "a: b", `, lets_go: [${all.join(", ")}]`), testRun())
      },
    ))

  void test("an expression that depends on the session is refused, or worked out in UTC on request", () =>
    on("CREATE TABLE s.t (id int PRIMARY KEY, a timestamp NOT NULL); INSERT INTO s.t VALUES (1, '2026-01-01 12:00')", async (shard) => {
      const change = (more: string) => derive("a: timestamp", "b: { type: timestamptz, nullable: false }", "b: a", "a: b", more)
      await refused(shard, change(""), /derive_columns\.up\.b: its value depends on the session/)
      await verified(shard, change(", session: utc"))
      await query(shard.url, "SET timezone = 'Europe/Moscow'; INSERT INTO s.t (id, a) VALUES (2, '2026-01-01 12:00')")
      assert.deepEqual(await query(shard.url, "SELECT count(DISTINCT b)::int AS moments FROM s.t"), [{ moments: 1 }])
    }))

  void test("a typo in a later operation is found before the first has run", () =>
    on("CREATE TABLE s.t (id int PRIMARY KEY, a int)", (shard) =>
      refused(
        shard,
        changeOf(
          "0001-x",
          "summary: x\noperations:\n  - derive_columns: { table: s.t, from: { a: int }, to: { b: { type: bigint } }, up: { b: a }, down: { a: b } }\n  - add_constraint: { table: s.t, name: b_positive, check: bb > 0 }\n",
        ),
        /add_constraint\.check: column "bb" does not exist/,
      ),
    ))

  void test("a domain with a constraint and a volatile default would rewrite the table", () =>
    on(
      "CREATE DOMAIN s.positive AS int CHECK (VALUE > 0); CREATE DOMAIN s.plain AS int; CREATE TABLE s.t (id int PRIMARY KEY); CREATE FUNCTION s.mine() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1'; CREATE FUNCTION s.same() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1'",
      async (shard) => {
        const add = (column: string) =>
          changeOf("0001-x", `summary: x\noperations:\n  - add_column: { table: s.t, column: c, ${column} }\n`)
        await refused(shard, add("type: s.positive"), /s\.positive is a domain with a constraint/)
        await refused(shard, add("type: uuid, default: gen_random_uuid()"), /value of its own in each row/)
        await refused(shard, add("type: int, default: s.mine()"), /s\.mine\(\) is volatile/)
        await shard.engine.plan([add("type: int, default: s.same()")], testRun().signal)
        await shard.engine.expand(add("type: s.plain"), testRun())
      },
    ))

  void test("rows that could not be made of the old columns are seen before a write of the running version fails", () =>
    on("CREATE TABLE s.t (id int PRIMARY KEY, paid_by text)", (shard) =>
      refused(
        shard,
        changeOf(
          "0001-x",
          `summary: x\noperations:\n  - create_table: { table: s.payment, columns: { sale_id: { type: int, nullable: false }, line: { type: text, nullable: false }, method: { type: text }, at: { type: timestamptz, nullable: false } }, primary_key: [sale_id, line] }
  - derive_rows: { from: s.t, to: s.payment, parent: { sale_id: id }, columns: { paid_by: text }, slots: { first: { is: { line: "'1'" }, values: { method: paid_by } } } }\n`,
        ),
        /column "at" of s\.payment takes no NULL, has no default, and no slot fills it/,
      ),
    ))

  void test("a trigger of the application that fires after the sync is refused by the bytes of its name", () =>
    on(
      `CREATE TABLE s.t (id int PRIMARY KEY, a int); CREATE FUNCTION s.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
       CREATE TRIGGER "Яшма" BEFORE UPDATE ON s.t FOR EACH ROW EXECUTE FUNCTION s.f()`,
      (shard) => refused(shard, plain, /trigger "Яшма" of s\.t fires after the sync/),
    ))

  void test("comments and line ends are no edit; another expression is, and abort goes by what was recorded", () =>
    on("CREATE TABLE s.t (id int PRIMARY KEY, a int)", async ({ engine, url }) => {
      const was = await schemaOf(url)
      const text = "summary: x\noperations:\n  - add_column: { table: s.t, column: b, type: int }\n"
      await engine.expand(changeOf("0001-x", text), testRun())
      await engine.expand(
        changeOf("0001-x", `# a comment\r\n${text.replaceAll("\n", "\r\n").replace("summary: x", "summary: better words")}`),
        testRun(),
      )
      const edited = changeOf("0001-x", text.replace("column: b", "column: c"))
      await assert.rejects(engine.expand(edited, testRun()), { code: "change-edited", hint: /conveyor change abort 0001-x/ })
      await engine.undo(edited, testRun())
      assert.deepEqual(
        (await schemaOf(url)).filter((line) => !line.includes("conveyor")),
        was,
      )
      await engine.expand(edited, testRun())
    }))
})

void describe("while both versions write", () => {
  const rows = (table = "s.payment") =>
    changeOf(
      "0001-x",
      `summary: x\noperations:\n  - create_table: { table: ${table}, columns: { sale_id: { type: int, nullable: false }, line: { type: text, nullable: false }, method: { type: text }, amount: { type: int } }, primary_key: [sale_id, line] }
  - derive_rows: { from: s.t, to: ${table}, parent: { sale_id: id }, columns: { paid_by: text, paid_amount: int }, slots: { first: { is: { line: "'1'" }, values: { method: paid_by, amount: paid_amount } } } }\n`,
    )

  void test("a role with rights on the old table alone goes on writing, and the new version's role reads the rows", () =>
    on(
      `CREATE ROLE around_app LOGIN; GRANT USAGE ON SCHEMA s TO around_app; CREATE TABLE s.t (id int PRIMARY KEY, paid_by text, paid_amount int);
       GRANT SELECT, INSERT, UPDATE, DELETE ON s.t TO around_app; INSERT INTO s.t VALUES (1, 'cash', 5)`,
      async (shard) => {
        await verified(shard, rows())
        await query(
          shard.url,
          "SET ROLE around_app; UPDATE s.t SET paid_amount = 7 WHERE id = 1; INSERT INTO s.t VALUES (2, 'card', 9); UPDATE s.payment SET amount = 8 WHERE sale_id = 1",
        )
        assert.deepEqual(await query(shard.url, "SELECT id, paid_amount FROM s.t ORDER BY id"), [
          { id: 1, paid_amount: 8 },
          { id: 2, paid_amount: 9 },
        ])
      },
    ))

  void test("a row that moves to another partition, or gets another key, takes its family along; TRUNCATE takes all", () =>
    on(
      `CREATE TABLE s.t (id int, state text NOT NULL, paid_by text, paid_amount int, PRIMARY KEY (id, state)) PARTITION BY LIST (state);
       CREATE TABLE s.open PARTITION OF s.t FOR VALUES IN ('open'); CREATE TABLE s.done PARTITION OF s.t FOR VALUES IN ('done'); INSERT INTO s.t VALUES (1, 'open', 'cash', 5)`,
      async (shard) => {
        await verified(shard, rows())
        const family = () => query(shard.url, "SELECT sale_id, line, method, amount FROM s.payment ORDER BY line")
        await query(shard.url, "INSERT INTO s.payment VALUES (1, '2', 'qr', 100); UPDATE s.t SET state = 'done' WHERE id = 1")
        assert.deepEqual(await family(), [
          { sale_id: 1, line: "1", method: "cash", amount: 5 },
          { sale_id: 1, line: "2", method: "qr", amount: 100 },
        ])
        await query(shard.url, "UPDATE s.t SET id = 3 WHERE id = 1")
        assert.deepEqual(
          (await family()).map((row) => (row as { sale_id: number }).sale_id),
          [3, 3],
        )
        await query(shard.url, "DELETE FROM s.t WHERE id = 3; INSERT INTO s.t VALUES (4, 'open', 'card', 1)")
        assert.equal((await family()).length, 1)
        await query(shard.url, "TRUNCATE s.t")
        assert.deepEqual(await family(), [])
        await shard.engine.verify(rows(), testRun())
      },
    ))

  void test("the application's triggers find their own tables, in the backfill and behind the sync", () =>
    on(
      `CREATE TABLE s.t (id int PRIMARY KEY, a int); INSERT INTO s.t VALUES (1, 1); CREATE TABLE public.audit (id int);
       CREATE FUNCTION s.audit() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO audit VALUES (NEW.id); RETURN NULL; END$$;
       CREATE TRIGGER audit AFTER INSERT OR UPDATE ON s.t FOR EACH ROW EXECUTE FUNCTION s.audit()`,
      async (shard) => {
        await verified(shard)
        assert.deepEqual(await query(shard.url, "SELECT count(*)::int AS n FROM audit"), [{ n: 1 }])
      },
    ))

  void test("derivations of one change fire in its order, whatever its name", () =>
    on("CREATE TABLE s.t (id int PRIMARY KEY, a text); INSERT INTO s.t VALUES (1, 'Ann')", async (shard) => {
      for (const name of ["0001-a", "0002-b", "0003-c", "0004-d"]) {
        const chain = changeOf(
          name,
          `summary: x\noperations:\n  - derive_columns: { table: s.t, from: { a: text }, to: { b: { type: text } }, up: { b: a }, down: { a: b } }\n  - derive_columns: { table: s.t, from: { b: text }, to: { c: { type: text } }, up: { c: b }, down: { b: c } }\n`,
        )
        await verified(shard, chain)
        await query(shard.url, "UPDATE s.t SET a = 'Zed'; INSERT INTO s.t (id, a) VALUES (2, 'Bob')")
        assert.deepEqual(await query(shard.url, "SELECT c FROM s.t ORDER BY id"), [{ c: "Zed" }, { c: "Bob" }], name)
        await query(shard.url, "DELETE FROM s.t WHERE id = 2; UPDATE s.t SET a = 'Ann'")
        await shard.engine.undo(chain, testRun())
      }
    }))

  void test("a refusal names keys, and nothing of what the row holds", () =>
    on(
      "CREATE TABLE s.t (id int PRIMARY KEY, name text, email text); INSERT INTO s.t VALUES (41, 'Planted Name', NULL), (42, 'Planted Name', 'x')",
      async ({ engine }) => {
        for (const constraint of ["not_null: email", "check: email IS NOT NULL AND email > 'zz'", "unique: [name]"]) {
          const change = changeOf("0001-x", `summary: x\noperations:\n  - add_constraint: { table: s.t, name: k, ${constraint} }\n`)
          await engine.expand(change, testRun())
          await assert.rejects(engine.backfill(change, testRun()), (thrown: Error) => {
            assert.match(thrown.message, /4[12]/)
            assert.doesNotMatch(`${thrown.message} ${JSON.stringify(thrown)}`, /Planted/)
            return true
          })
          await engine.undo(change, testRun())
        }
      },
    ))
})

void describe("at contract", () => {
  void test("rows written with the triggers off hold the drop, named by their keys", () =>
    on(
      "CREATE TABLE s.t (id int PRIMARY KEY, a int); INSERT INTO s.t VALUES (1, 1), (2, 2)",
      async (shard) => {
        await verified(shard)
        await query(shard.url, "SET session_replication_role = replica; UPDATE s.t SET a = 77 WHERE id = 2")
        await assert.rejects(shard.engine.contract(plain, evidence, testRun()), {
          code: "contract-refused",
          message: /differ in 1 rows .*\(2\)/,
        })
        await query(shard.url, "UPDATE s.t SET a = 78 WHERE id = 2")
        await shard.engine.contract(plain, evidence, testRun())
        assert.deepEqual(await query(shard.url, "SELECT id, b::int AS b FROM s.t ORDER BY id"), [
          { id: 1, b: 1 },
          { id: 2, b: 78 },
        ])
      },
      { contract: { readers: "trust-release" } },
    ))

  void test("what PostgreSQL would refuse is found before anything is hidden, and abort is a way back", () =>
    on("CREATE TABLE s.t (id int PRIMARY KEY, a int); INSERT INTO s.t VALUES (1, 1)", async (shard) => {
      const was = await schemaOf(shard.url)
      await verified(shard)
      await query(shard.url, "CREATE RULE r AS ON UPDATE TO s.t WHERE new.a < 0 DO INSTEAD NOTHING")
      await assert.rejects(shard.engine.contract(plain, evidence, testRun()), {
        code: "contract-refused",
        message: /would refuse the drop|depends on/,
      })
      assert.equal((await shard.engine.status([plain], testRun().signal))[0]?.shards[0]?.phase, "verified")
      await query(shard.url, "DROP RULE r ON s.t")
      await shard.engine.undo(plain, testRun())
      assert.deepEqual(
        (await schemaOf(shard.url)).filter((line) => !line.includes("conveyor")),
        was,
      )
    }))

  void test("statistics that do not record a role's statements are no evidence", () =>
    on("CREATE ROLE around_silent; CREATE TABLE s.t (id int PRIMARY KEY, a int)", async (shard) => {
      await verified(shard)
      await query(shard.url, "ALTER ROLE around_silent SET pg_stat_statements.track = 'none'")
      await assert.rejects(shard.engine.contract(plain, evidence, testRun()), {
        code: "contract-refused",
        message: /pg_stat_statements\.track = none for role around_silent/,
      })
      await query(shard.url, "ALTER ROLE around_silent RESET pg_stat_statements.track")
      await shard.engine.contract(plain, evidence, testRun())
    }))

  void test("a default of the new column holds from the moment the old one is gone", () =>
    on("CREATE TABLE s.t (id int PRIMARY KEY, a int NOT NULL DEFAULT 7)", async (shard) => {
      const change = derive("a: int", "b: { type: bigint, nullable: false, default: '70' }", "b: a * 10", "a: b / 10")
      await verified(shard, change)
      await query(shard.url, "INSERT INTO s.t (id) VALUES (1)")
      await shard.engine.contract(change, evidence, testRun())
      await query(shard.url, "INSERT INTO s.t (id) VALUES (2)")
      assert.deepEqual(await query(shard.url, "SELECT b::int AS b FROM s.t ORDER BY id"), [{ b: 70 }, { b: 70 }])
    }))
})

void describe("a constraint that is dropped and brought back", () => {
  const dropped = (name: string) => changeOf("0001-x", `summary: x\noperations:\n  - drop_constraint: { table: s.t, name: ${name} }\n`)

  void test("comes back with all that was said of it and its index", () =>
    on(
      `CREATE TABLE s.t (id int PRIMARY KEY, a int NOT NULL, b int CONSTRAINT positive CHECK (b > 0) NO INHERIT, CONSTRAINT a_once UNIQUE (a) INCLUDE (b) WITH (fillfactor = 70) DEFERRABLE INITIALLY DEFERRED,
         CONSTRAINT ab_once UNIQUE NULLS NOT DISTINCT (a, b));
       COMMENT ON CONSTRAINT a_once ON s.t IS 'one each, it''s'; COMMENT ON INDEX s.a_once IS 'the index'; ALTER TABLE s.t CLUSTER ON a_once;
       COMMENT ON CONSTRAINT positive ON s.t IS 'above nothing'; INSERT INTO s.t VALUES (1, 1, 1)`,
      async ({ engine, url }) => {
        const was = await schemaOf(url)
        for (const name of ["a_once", "ab_once", "positive"]) {
          await engine.expand(dropped(name), testRun())
          assert.notDeepEqual(await schemaOf(url), was)
          await engine.undo(dropped(name), testRun())
          assert.deepEqual(await schemaOf(url), was, name)
        }
      },
    ))

  void test("is refused where foreign keys refer to it, or where no index could be built for it beside the users", () =>
    on(
      `CREATE TABLE s.t (id int PRIMARY KEY, a int CONSTRAINT a_once UNIQUE); CREATE TABLE s.u (a int CONSTRAINT to_a REFERENCES s.t (a));
       CREATE TABLE s.p (id int, CONSTRAINT id_once UNIQUE (id)) PARTITION BY RANGE (id)`,
      async (shard) => {
        await refused(shard, dropped("a_once"), /foreign keys refer to: to_a of s\.u/)
        const ofPartitioned = changeOf("0001-x", "summary: x\noperations:\n  - drop_constraint: { table: s.p, name: id_once }\n")
        await refused(shard, ofPartitioned, /cannot be brought back beside its users/)
      },
    ))
})
