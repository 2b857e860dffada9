// The tables of docs/migrating_libraries.md as programs: the code block above each table, then its
// rows.
// `deno run -A tests/docs/migrating/rows.ts` writes them again after a change of the page. They are
// files of the repository, so that `deno task ok:written` checks their types together with all others.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "@std/path";
import { REPOSITORY } from "../../support/run_deno.ts";

export interface MigrationTable {
  /** The other program. */
  from: string;
  setup: string;
  /** Pairs of a call of the other program and the code of Holdfast. */
  rows: [call: string, code: string][];
}

/** Reads the tables whose second column is Holdfast. */
export async function migrationTables(): Promise<MigrationTable[]> {
  const text = await readFile(join(REPOSITORY, "docs/migrating_libraries.md"), "utf8");
  const tables: MigrationTable[] = [];
  let setup = "";
  for (const [, block, lines] of text.matchAll(/^```ts\n([\s\S]*?)^```$|((?:^\|.*\|$\n?)+)/gm)) {
    if (block !== undefined) setup = block;
    const [head = [], , ...rows] = (lines ?? "").trimEnd().split("\n").map((line) =>
      line.slice(1, -1).split("|").map((cell) => cell.trim())
    );
    if (head[1] !== "Holdfast") continue;
    tables.push({
      from: head[0]!,
      setup,
      rows: rows.map(([call = "", cell = ""]): [string, string] => {
        const [, code] = /^`([^`]+)`$/.exec(cell) ?? [];
        if (code === undefined) {
          throw new Error(`Cannot run the row ${call}: not one code span: ${cell}`);
        }
        return [call, code];
      }),
    });
  }
  return tables;
}

/** The path of the program of a table. */
export function pathOfProgram({ from }: MigrationTable): string {
  const name = from.replace(/^.* /, "").replace(/\W/g, "_");
  return join(REPOSITORY, "tests/fixtures/migrating", `${name}.ts`);
}

/** A program that runs each row in its own scope, and prints the row before. */
export function programOf({ setup, rows }: MigrationTable): string {
  const blocks = rows.map(([call, code]) => {
    const statement = /^(for|await using|const) /.test(code) ? code : `const _ = ${code};`;
    return `console.error(${JSON.stringify(`row: ${call}`)});\n{\n  ${statement}\n}\n`;
  });
  return `// deno-lint-ignore-file\n${setup}\n${blocks.join("")}console.error("done");\n`;
}

if (import.meta.main) {
  for (const table of await migrationTables()) {
    const path = pathOfProgram(table);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, programOf(table));
  }
}
