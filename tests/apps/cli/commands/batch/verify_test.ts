import { assertEquals, assertMatch } from "@std/assert";
import { cliTest, filledTest, noise } from "../../../captured_io.ts";
import { walkFiles } from "../../../walk_files.ts";

cliTest("batch verify reads a report and finds damage", async (it) => {
  await it.succeeds("init");
  await Deno.writeFile(it.root.join("big.bin"), noise(2_000_000));
  const stdin = `{"name":"big","path":"big.bin"}\n{"name":"small","value":1}\n`;
  await it.succeeds("batch save - --report saved.jsonl", { stdin });
  assertMatch(await it.succeeds("batch verify saved.jsonl"), /^Verified 2 of 2 rows: 1.9 MiB in /);
  for await (const path of walkFiles(it.root.join(".holdfast/objects"))) {
    await Deno.writeFile(path, noise(2_000_001).slice(1));
  }
  await it.fails("batch verify saved.jsonl", 1, "error: line ");
  await it.tells("batch verify saved.jsonl --dry-run", "Found 2 of 2 rows");
});

filledTest("batch verify reports wrong digests and invalid rows", async (it) => {
  const { digest } = await it.json("info config@1 --json");
  const rows = [
    { ref: "config@1", digest },
    { ref: "config@2", digest },
    { name: "config", version: "7" },
    { index: 3, line: 4, ok: false, name: "config", error: {} },
    { ref: "config@" },
    { ref: "config", version: "1" },
  ];
  const stdin = rows.map((row) => JSON.stringify(row)).join("\n");
  const { code, out } = await it.holdfast("batch verify - --json", { stdin });
  assertEquals(code, 1);
  const lines = out.trimEnd().split("\n").map((line) => JSON.parse(line)).filter(({ index }) =>
    index !== undefined
  );
  const codes = lines.sort((a, b) => a.index - b.index).map(({ ok, error }) => ok || error.code);
  assertEquals(codes, [true, "Conflict", "NotFound", "Invalid", "Invalid", "Invalid"]);
});
