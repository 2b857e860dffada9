import { saveOld } from "../../../../registry/old_names.ts";
import { openRegistry } from "../../../../../mod.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { filledTest, noise } from "../../../captured_io.ts";
import { walkFiles } from "../../../walk_files.ts";

const MANIFEST = `ref,to
data:raw@1,out/data
note,out/note.txt
config@production,out/
config@1,out/first.json
`;

filledTest("batch load writes what is missing", async (it) => {
  await Deno.mkdir(it.root.join("in"));
  await Deno.writeTextFile(it.root.join("in/m.csv"), MANIFEST);
  assertMatch(await it.succeeds("batch load in/m.csv"), /^Wrote 4 of 4 rows: /);
  const there = (await Array.fromAsync(walkFiles(it.root.join("in/out")))).map((path) =>
    path.slice(it.root.join("in/out/").length)
  );
  assertEquals(there.sort(), [
    "data.json",
    "data/a.csv",
    "data/inner/b.bin",
    "first.json",
    "note.txt",
  ]);
  assertEquals(await Deno.readTextFile(it.root.join("in/out/note.txt")), "hello");

  await Deno.remove(it.root.join("in/out/note.txt"));
  await Deno.remove(it.root.join("in/out/data"), { recursive: true });
  const before = (await Deno.stat(it.root.join("in/out/first.json"))).mtime;
  await it.tells("batch load in/m.csv", "Wrote 2 of 4 rows (2 already done)");
  assertEquals((await Deno.stat(it.root.join("in/out/first.json"))).mtime, before);
  await it.tells("batch load in/m.csv", "Wrote 0 of 4 rows (4 already done): 0 B in ");
});

filledTest("batch load replaces other content only with --overwrite", async (it) => {
  await Deno.writeTextFile(it.root.join("m.csv"), MANIFEST);
  await it.succeeds("batch load m.csv");
  await Deno.writeTextFile(it.root.join("out/note.txt"), "jello");
  await Deno.writeTextFile(it.root.join("out/data/a.csv"), "more");
  const refused = await it.holdfast("batch load m.csv --json");
  assertEquals(refused.code, 1);
  assertEquals(await Deno.readTextFile(it.root.join("out/note.txt")), "jello");
  const lines = refused.out.trimEnd().split("\n").map((line) => JSON.parse(line));
  const rows = lines.filter(({ index }) => index !== undefined);
  const codes = rows.sort((a, b) => a.index - b.index).map(({ ok, error }) => ok || error.code);
  assertEquals(codes, ["AlreadyExists", "AlreadyExists", true, true]);
  await it.succeeds("batch load m.csv --overwrite");
  assertEquals(await Deno.readTextFile(it.root.join("out/note.txt")), "hello");
});

filledTest("a damaged or missing version leaves no file", async (it) => {
  await Deno.writeFile(it.root.join("big.bin"), noise(300_000));
  await it.succeeds("save big big.bin");
  for await (const path of walkFiles(it.root.join(".holdfast/objects"))) {
    await Deno.writeFile(path, noise(300_001).slice(1));
  }
  const stdin =
    `{"name":"big","version":"1","to":"out/big"}\n{"ref":"none","to":"out/none"}\n{"ref":"note"}\n{"ref":"note","to":"out/n"}\n`;
  await it.fails("batch load - --dry-run", 1, "", { stdin });
  assertEquals(await Array.fromAsync(walkFiles(it.root.join("out"))).catch(() => []), []);
  const { code, out, err } = await it.holdfast("batch load -", { stdin });
  assertEquals(code, 1);
  assertStringIncludes(out, "Wrote 1 of 4 rows (3 failed)");
  assertStringIncludes(err, "it has no `to`");
  assertEquals(await Array.fromAsync(walkFiles(it.root.join("out"))), [it.root.join("out/n")]);
});

filledTest("large files are loaded by workers too", async (it) => {
  const rows = Array.from({ length: 4 }, (_, k) => ({ name: `n${k}`, path: `f${k}.bin` }));
  for (const [k, { path }] of rows.entries()) {
    await Deno.writeFile(it.root.join(path), noise(3_000_000 + k));
  }
  const lines = (of: readonly object[]) => of.map((row) => JSON.stringify(row)).join("\n");
  await it.succeeds("batch save -", { stdin: lines(rows) });
  const wanted = lines(rows.map(({ name, path }) => ({ name, to: `out/${path}` })));
  assertMatch(
    await it.succeeds("batch load -", { stdin: wanted }),
    /^Wrote 4 of 4 rows: /,
  );
  for (const [k, { path }] of rows.entries()) {
    assertEquals(Deno.readFileSync(it.root.join("out", path)), noise(3_000_000 + k));
  }
});

filledTest("rows cannot write over the manifest or each other", async (it) => {
  const manifest = "ref,to\nnote,m.csv\nnote,out\nconfig@1,./x/../out\nnote,.holdfast/settings\n";
  await Deno.writeTextFile(it.root.join("m.csv"), manifest);
  const { code, err } = await it.holdfast("batch load m.csv --overwrite");
  assertEquals(code, 1);
  assertStringIncludes(err, "line 2: Cannot read a row: its `to` is the manifest");
  assertStringIncludes(err, "line 4: Cannot read a row: its `to` is that of an earlier row");
  assertMatch(err, /line 5: Cannot write .*it is inside the registry/);
  assertEquals(await Deno.readTextFile(it.root.join("m.csv")), manifest);
  assertEquals(await Deno.readTextFile(it.root.join("out")), "hello");
  await it.tells("verify", "No problems");
});

filledTest("JSON output of commands is a manifest", async (it) => {
  const manifests: Record<string, [rows: string, files: string[]]> = {
    ls: [await it.succeeds("ls --json"), [
      "config",
      "data:raw/a.csv",
      "data:raw/inner/b.bin",
      "note",
    ]],
    long: [await it.succeeds("ls data --json --long"), ["data:raw/a.csv", "data:raw/inner/b.bin"]],
    versions: [await it.succeeds("versions config --json"), ["config@1.0.0", "config@2.0.0"]],
    info: [await it.succeeds("info config --json"), ["config@2.0.0"]],
    save: [await it.succeeds("save team/new - --as text --json", { stdin: "x" }), [
      "team/new@1.0.0",
    ]],
    download: [await it.succeeds("download note --json"), ["note@1.0.0"]],
  };
  for (const [name, [stdin, files]] of Object.entries(manifests)) {
    const said = await it.succeeds(["batch", "load", "-", "--to", name, "--json"], { stdin });
    const there = await Array.fromAsync(walkFiles(it.root.join(name)));
    assertEquals(there.map((path) => path.slice(it.root.join(name).length + 1)).sort(), files);
    await it.succeeds("batch load - --to more --dry-run", { stdin: said });
    assertMatch(
      await it.succeeds(["batch", "load", "-", "--to", name], { stdin }),
      /^Wrote 0 of \d rows? \(/,
    );
  }
  await using registry = await openRegistry(it.root.join(".holdfast"));
  await saveOld(registry, "a/..");
  await it.fails("batch load - --to out", 1, "its name is not a valid file name", {
    stdin: `{"ref":"a/.."}\n{"ref":"note","to":"sub/n.txt"}`,
  });
  assertEquals(await Array.fromAsync(walkFiles(it.root.join("out"))), [
    it.root.join("out/sub/n.txt"),
  ]);
});
