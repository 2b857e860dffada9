// Conditions with `or`, brackets and regular expressions choose the rows that pandas chooses: in lists,
// searches, filters of the page and Python.
import { assert } from "@std/assert";
import fs from "node:fs";
import { parseQuery, searchText } from "../../../apps/server/search/query.ts";
import type { ArtifactInfo } from "../../../core/artifact.ts";
import { parseCondition } from "../../../core/registry/conditions.ts";
import { findPython, runPython } from "../../../tests/support/numpy.ts";
import { pythonTest, runProgram } from "../../../tests/python/reader.ts";
import { columnsOf } from "../../src/views/versions/columns.ts";
import { keysIn, namedFilter, unknownFields } from "../../src/views/versions/conditions.ts";
import { chooseExperiments, experimentsOf } from "../../src/views/versions/experiments.ts";
import { assertRows } from "./reference.ts";

const python = await findPython("pandas");
const why = python === undefined ? " (ignored: no Python with pandas)" : "";
const AT = "2026-01-01T00:00:00.000Z";

interface Made {
  readonly runs: readonly Record<string, unknown>[];
  readonly queries: readonly [
    condition: string,
    search: string,
    filter: string,
    rows: readonly number[],
  ][];
}

async function made(seed: number): Promise<Made> {
  const source = await Deno.readTextFile(new URL("conditions.py", import.meta.url));
  return JSON.parse(await runPython(python!, source, [String(seed)]));
}

const rowsOf = (runs: Made["runs"], isIn: (metadata: Record<string, unknown>) => boolean) =>
  runs.flatMap((metadata, i) => isIn(metadata) ? [i] : []);

Deno.test({
  name: `lists, searches and filters choose the rows of pandas by 200 conditions${why}`,
  ignore: python === undefined,
  async fn() {
    const { runs, queries } = await made(1);
    const rows = experimentsOf(
      runs.map((metadata, i) => ({
        name: "m",
        version: `${i}.0.0`,
        modifiedAt: AT,
        info: { size: 1, createdAt: AT, materializer: { id: "json" }, files: [], metadata },
      })),
      [],
    );
    const columns = columnsOf(rows);
    const of = { name: "m", version: "1.0.0", kind: "json", createdAt: AT, aliases: [] };
    let some = 0;
    for (const [condition, search, filter, expected] of queries) {
      some += Number(expected.length > 0 && expected.length < runs.length);
      const meets = parseCondition(condition);
      const info = (metadata: Record<string, unknown>) =>
        ({
          ...of,
          createdAt: new Date(AT),
          metadata,
          materializer: { id: "json" },
        }) as unknown as ArtifactInfo;
      assertRows(rowsOf(runs, (metadata) => meets(info(metadata))), expected, condition);
      const { stored } = parseCondition(condition, { isPlain: false });
      const kept = parseCondition(stored, { isRule: false });
      assertRows(rowsOf(runs, (metadata) => kept(info(metadata))), expected, stored);
      const matches = parseQuery(search);
      const isFound = (metadata: Record<string, unknown>) =>
        matches({ ...of, metadata }, searchText({ ...of, metadata }));
      assertRows(rowsOf(runs, isFound), expected, search);
      const named = namedFilter(filter, columns);
      const keys = new Set(keysIn(named, columns));
      assert(unknownFields(named, (key) => keys.has(key)).length === 0, named);
      const found = chooseExperiments(rows, { filter: named, sort: "" });
      assertRows(found.map(({ version }) => parseInt(version)), expected, filter);
    }
    assert(some > 100, `${some} conditions choose some rows`);
  },
});

const PROGRAM = `
import json, sys
from holdfast.artifacts.search import Found, parse_query

made = json.load(open(sys.argv[1]))
for _, search, _, rows in made["queries"]:
    matches = parse_query(search)
    found = [i for i, metadata in enumerate(made["runs"])
             if matches(Found("m", "1.0.0", [], metadata, "json", "${AT}"))]
    assert found == rows, (search, found, rows)
`;

pythonTest("Python chooses the rows of pandas by other conditions", async (root) => {
  if (python === undefined) return;
  fs.writeFileSync(root.join("made.json"), JSON.stringify(await made(2)));
  await runProgram(PROGRAM, { args: [root.join("made.json")] });
});
