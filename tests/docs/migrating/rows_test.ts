import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { cp, readFile } from "node:fs/promises";
import { join } from "@std/path";
import { LOADS_LATE, REPOSITORY } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { serverTest } from "../../support/servers/mod.ts";
import { type MigrationTable, migrationTables, pathOfProgram, programOf } from "./rows.ts";

const CONFIG = `--config=${join(REPOSITORY, "deno.json")}`;
const all = await migrationTables();
const transfers = all.find(({ from }) => from.endsWith("transfers"))!;
const tables = all.filter((table) => table !== transfers);

Deno.test("the guide has a table for each program", () => {
  assertEquals(tables.map(({ from }) => from), [
    "mindtrace",
    "polystore",
    "general_pipeline",
    "distributed-core",
  ]);
  for (const { from, rows } of tables) assert(rows.length >= 13, `${from}: ${rows.length} rows`);
});

serverTest("the rows of the guide that transfer objects run", "minio", async (server) => {
  const { endpoint, accessKey, secretKey, region } = server;
  await assertRuns(transfers, {
    MINIO_HOLDFAST_ENDPOINT: endpoint,
    MINIO_HOLDFAST_ACCESS_KEY: accessKey,
    MINIO_HOLDFAST_SECRET_KEY: secretKey,
    MINIO_HOLDFAST_REGION: region,
  });
});

Deno.test("the programs of the rows, which `deno task ok:written` compiles, are those of the guide", async () => {
  for (const table of all) {
    assertEquals(
      await readFile(pathOfProgram(table), "utf8"),
      programOf(table),
      "run deno run -A tests/docs/migrating/rows.ts",
    );
  }
});

for (const table of tables) {
  Deno.test(`every row of the guide from ${table.from} runs`, async () => {
    await assertRuns(table, {});
  });
}

async function assertRuns(table: MigrationTable, env: Record<string, string>): Promise<void> {
  await using root = await tempRoot();
  await cp(join(REPOSITORY, "examples"), root.join("examples"), { recursive: true });
  const args = ["run", "-A", LOADS_LATE, "--no-lock", CONFIG, pathOfProgram(table)];
  const { code, said } = await deno(root.path, args, env);
  assertEquals(code, 0, said);
  for (const [call] of table.rows) assertStringIncludes(said, `row: ${call}`);
}

async function deno(
  cwd: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; said: string }> {
  const command = { args, cwd, env: { NO_COLOR: "1", ...env }, stdout: "null" } as const;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), command).output();
  return { code, said: new TextDecoder().decode(stderr) };
}
