// Filters of tables of runs: by states that are not certain, and by values.
import { assertEquals } from "@std/assert";
import { filteredRows, rowOf } from "../../src/views/runs/run_rows.ts";

const ROWS = [
  ["ended", "finished", { rate: 0.1 }, { accuracy: 0.9 }],
  ["broken", "failed", { rate: 0.2 }, undefined],
  ["open", "running or killed", { rate: 0.3 }, undefined],
  ["quiet", "silent", { rate: 0.4 }, undefined],
  ["live", "running", { rate: 0.5 }, { accuracy: 0.5 }],
] as const;

const rows = ROWS.map(([id, state, params, metrics]) =>
  rowOf(id, { name: "net", id, state, at: "2026-01-01T00:00:00Z", params, metrics })
);

Deno.test("runs of a state are those that may have it", () => {
  const cases: readonly [filter: string, ids: string][] = [
    ["state=failed", "broken"],
    ["state=finished", "ended"],
    ["state=running", "open quiet live"],
    ["state=killed", "open quiet"],
    ["state=silent", "quiet"],
    ['state="running or killed"', "open"],
    ["state=running rate>=0.4", "quiet live"],
    ["accuracy=", "broken open quiet"],
    ["accuracy!= state!=finished", "live"],
    ["killed", "open"],
  ];
  for (const [filter, ids] of cases) {
    const { rows: found, error } = filteredRows(rows, filter);
    assertEquals([found.map(({ run }) => run).join(" "), error], [ids, undefined], filter);
  }
});

Deno.test("a key that is a parameter and a measure is not taken for one that no run has", () => {
  const both = ["a", "b"].map((id) =>
    rowOf(id, { name: "net", id, state: "running", at: "", params: { lr: 1 }, metrics: { lr: 2 } })
  );
  const { rows: found, error } = filteredRows(both, "lr>0");
  assertEquals([found.length, (error as { hint?: string }).hint], [
    2,
    "Use metrics.lr or params.lr.",
  ]);
  assertEquals(filteredRows(both, "params.lr>1").rows.length, 0);
});
