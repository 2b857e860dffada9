import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../../support/temp_root.ts";
import { fillRegistry, holdfast, noise, succeeds } from "../../captured_io.ts";
import { walkFiles } from "../../walk_files.ts";

Deno.test("batch verify reads the report of a batch save, and finds what was damaged since", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await Deno.writeFile(root.join("big.bin"), noise(2_000_000));
  const stdin = `{"name":"big","path":"big.bin"}\n{"name":"small","value":1}\n`;
  await succeeds("batch save - --report saved.jsonl", { cwd, stdin });
  assertMatch(
    await succeeds("batch verify saved.jsonl", { cwd }),
    /^Verified 2 of 2 rows: 1.9 MiB in /,
  );
  for await (const path of walkFiles(root.join(".holdfast/objects"))) {
    await Deno.writeFile(path, noise(2_000_001).slice(1));
  }
  const { code, err } = await holdfast("batch verify saved.jsonl", { cwd });
  assertEquals(code, 1);
  assertStringIncludes(err, "error: line ");
  assertStringIncludes(
    await succeeds("batch verify saved.jsonl --dry-run", { cwd }),
    "Found 2 of 2 rows",
  );
});

Deno.test("batch verify tells another digest, a missing version, and the report of a row that failed", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const { digest } = JSON.parse(await succeeds("info config@1 --json", { cwd }));
  const rows = [
    { ref: "config@1", digest },
    { ref: "config@2", digest },
    { name: "config", version: "7" },
    { index: 3, line: 4, ok: false, name: "config", error: {} },
    { ref: "config@" },
    { ref: "config", version: "1" },
  ];
  const stdin = rows.map((row) => JSON.stringify(row)).join("\n");
  const { code, out } = await holdfast("batch verify - --json", { cwd, stdin });
  assertEquals(code, 1);
  const lines = out.trimEnd().split("\n").map((line) => JSON.parse(line)).filter(({ index }) =>
    index !== undefined
  );
  const codes = lines.sort((a, b) => a.index - b.index).map(({ ok, error }) => ok || error.code);
  assertEquals(codes, [true, "Conflict", "NotFound", "Invalid", "Invalid", "Invalid"]);
});

Deno.test("the manifest of a batch load, and its report, are manifests of a batch verify", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await Deno.writeTextFile(
    root.join("m.csv"),
    "ref,to\nnote,out/note.txt\nconfig@1,out/config.json\n",
  );
  await succeeds("batch load m.csv --report loaded.jsonl", { cwd });
  for (const manifest of ["m.csv", "loaded.jsonl"]) {
    assertMatch(await succeeds(`batch verify ${manifest}`, { cwd }), /^Verified 2 of 2 rows/);
  }
});
