import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../../support/temp_root.ts";
import { fillRegistry, holdfast, noise, succeeds } from "../../captured_io.ts";
import { walkFiles } from "../../walk_files.ts";

const MANIFEST = `ref,to
data:raw@1,out/data
note,out/note.txt
config@production,out/
config@1,out/first.json
`;

Deno.test("batch load writes files and folders beside the manifest, and again only what is missing", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await Deno.mkdir(root.join("in"));
  await Deno.writeTextFile(root.join("in/m.csv"), MANIFEST);
  assertMatch(await succeeds("batch load in/m.csv", { cwd }), /^Wrote 4 of 4 rows: /);
  const there = (await Array.fromAsync(walkFiles(root.join("in/out")))).map((path) =>
    path.slice(root.join("in/out/").length)
  );
  assertEquals(there.sort(), [
    "data.json",
    "data/a.csv",
    "data/inner/b.bin",
    "first.json",
    "note.txt",
  ]);
  assertEquals(await Deno.readTextFile(root.join("in/out/note.txt")), "hello");

  await Deno.remove(root.join("in/out/note.txt"));
  await Deno.remove(root.join("in/out/data"), { recursive: true });
  const before = (await Deno.stat(root.join("in/out/first.json"))).mtime;
  assertStringIncludes(
    await succeeds("batch load in/m.csv", { cwd }),
    "Wrote 2 of 4 rows (2 were there already)",
  );
  assertEquals((await Deno.stat(root.join("in/out/first.json"))).mtime, before);
  assertStringIncludes(
    await succeeds("batch load in/m.csv", { cwd }),
    "Wrote 0 of 4 rows (4 were there already)",
  );
});

Deno.test("what is there with other content is not taken for the version, and only replaced when asked", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await Deno.writeTextFile(root.join("m.csv"), MANIFEST);
  await succeeds("batch load m.csv", { cwd });
  await Deno.writeTextFile(root.join("out/note.txt"), "jello");
  await Deno.writeTextFile(root.join("out/data/a.csv"), "more");
  const refused = await holdfast("batch load m.csv --report r.jsonl", { cwd });
  assertEquals(refused.code, 1);
  assertEquals(await Deno.readTextFile(root.join("out/note.txt")), "jello");
  const lines = (await Deno.readTextFile(root.join("r.jsonl"))).trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  const codes = lines.sort((a, b) => a.index - b.index).map(({ ok, error }) => ok || error.code);
  assertEquals(codes, ["AlreadyExists", "AlreadyExists", true, true]);
  await succeeds("batch load m.csv --overwrite", { cwd });
  assertEquals(await Deno.readTextFile(root.join("out/note.txt")), "hello");
});

Deno.test("a version that is damaged or missing leaves nothing under its name, and a dry run writes nothing", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await Deno.writeFile(root.join("big.bin"), noise(300_000));
  await succeeds("save big big.bin", { cwd });
  for await (const path of walkFiles(root.join(".holdfast/objects"))) {
    await Deno.writeFile(path, noise(300_001).slice(1));
  }
  const stdin =
    `{"name":"big","version":"1","to":"out/big"}\n{"ref":"none","to":"out/none"}\n{"ref":"note"}\n{"ref":"note","to":"out/n"}\n`;
  assertEquals((await holdfast("batch load - --dry-run", { cwd, stdin })).code, 1);
  assertEquals(await Array.fromAsync(walkFiles(root.join("out"))).catch(() => []), []);
  const { code, out, err } = await holdfast("batch load -", { cwd, stdin });
  assertEquals(code, 1);
  assertStringIncludes(out, "Wrote 1 of 4 rows (3 failed)");
  assertStringIncludes(err, "it has no `to`");
  assertEquals(await Array.fromAsync(walkFiles(root.join("out"))), [root.join("out/n")]);
});

Deno.test("large files are loaded and verified by workers too", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const rows = Array.from({ length: 4 }, (_, k) => ({ name: `n${k}`, path: `f${k}.bin` }));
  for (const [k, { path }] of rows.entries()) {
    await Deno.writeFile(root.join(path), noise(3_000_000 + k));
  }
  const lines = (of: readonly object[]) => of.map((row) => JSON.stringify(row)).join("\n");
  await succeeds("batch save - --workers 0", { cwd, stdin: lines(rows) });
  const wanted = lines(rows.map(({ name, path }) => ({ name, to: `out/${path}` })));
  assertMatch(
    await succeeds("batch load - --workers 2 --memory 8MiB", { cwd, stdin: wanted }),
    /^Wrote 4 of 4 rows: /,
  );
  for (const [k, { path }] of rows.entries()) {
    assertEquals(Deno.readFileSync(root.join("out", path)), noise(3_000_000 + k));
  }
  const names = lines(rows.map(({ name }) => ({ name })));
  assertMatch(
    await succeeds("batch verify - --workers 2", { cwd, stdin: names }),
    /^Verified 4 of 4 rows: 11.4 MiB/,
  );
});

Deno.test("no row writes over the manifest, where another row writes, or into the registry", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const manifest = "ref,to\nnote,m.csv\nnote,out\nconfig@1,./x/../out\nnote,.holdfast/settings\n";
  await Deno.writeTextFile(root.join("m.csv"), manifest);
  const { code, err } = await holdfast("batch load m.csv --overwrite", { cwd });
  assertEquals(code, 1);
  assertStringIncludes(err, "line 2: Cannot read a row: its `to` is the manifest");
  assertStringIncludes(err, "line 4: Cannot read a row: its `to` is that of a row before it");
  assertMatch(err, /line 5: Cannot write .*it is inside the registry/);
  assertEquals(await Deno.readTextFile(root.join("m.csv")), manifest);
  assertEquals(await Deno.readTextFile(root.join("out")), "hello");
  assertStringIncludes(await succeeds("verify", { cwd }), "All is well");
});

Deno.test("what ls, versions, save, download and reports say as JSON is a manifest, and --to says where it goes", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const manifests: Record<string, [rows: string, files: string[]]> = {
    ls: [await succeeds("ls --json", { cwd }), [
      "config",
      "data:raw/a.csv",
      "data:raw/inner/b.bin",
      "note",
    ]],
    long: [await succeeds("ls data --json --long", { cwd }), [
      "data:raw/a.csv",
      "data:raw/inner/b.bin",
    ]],
    versions: [await succeeds("versions config --json", { cwd }), ["config@1.0.0", "config@2.0.0"]],
    info: [await succeeds("info config --json", { cwd }), ["config@2.0.0"]],
    save: [await succeeds("save team/new - --as text --json", { cwd, stdin: "x" }), [
      "team/new@1.0.0",
    ]],
    download: [await succeeds("download note --json", { cwd }), ["note@1.0.0"]],
    verify: [
      await succeeds("batch verify - --json", { cwd, stdin: `{"ref":"note"}` }),
      ["note@1.0.0"],
    ],
  };
  for (const [name, [stdin, files]] of Object.entries(manifests)) {
    await succeeds("batch verify -", { cwd, stdin });
    const said = await succeeds(["batch", "load", "-", "--to", name, "--json"], { cwd, stdin });
    const there = await Array.fromAsync(walkFiles(root.join(name)));
    assertEquals(there.map((path) => path.slice(root.join(name).length + 1)).sort(), files);
    await succeeds("batch verify -", { cwd, stdin: said });
    assertMatch(
      await succeeds(["batch", "load", "-", "--to", name], { cwd, stdin }),
      /^Wrote 0 of \d rows? \(/,
    );
  }
  await succeeds("save a/.. - --as text", { cwd, stdin: "x" });
  const refused = await holdfast("batch load - --to out", {
    cwd,
    stdin: `{"ref":"a/.."}\n{"ref":"note","to":"sub/n.txt"}`,
  });
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.err, "its name cannot be that of a file");
  assertEquals(await Array.fromAsync(walkFiles(root.join("out"))), [root.join("out/sub/n.txt")]);
});
