import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { realSystem } from "../../../../core/system.ts";
import { safetensors } from "../../../../formats/safetensors.ts";
import { contentBytes } from "../../../../formats/content/content.ts";
import { walkFiles } from "../../walk_files.ts";
import { cliTest, filledTest, noise } from "../../captured_io.ts";

cliTest("save takes the next version", async (it) => {
  await it.succeeds("init");
  await Deno.writeTextFile(it.root.join("model.bin"), "weights");
  await it.prints("save my:model model.bin", "Saved my:model@1.0.0 (7 B)\n");
  await it.prints("save my:model ./model.bin --quiet", "my:model@2.0.0\n");
  const saved = await it.json("save --json --bump minor my:model model.bin");
  assertEquals([saved.name, saved.version, saved.size, saved.skipped], [
    "my:model",
    "2.1.0",
    7,
    false,
  ]);
  assertMatch(saved.digest, /^[0-9a-f]{64}$/);
});

cliTest("save counts the files of a folder, also unchanged ones", async (it) => {
  await it.succeeds("init");
  await Deno.mkdir(it.root.join("many"));
  for (const name of "abc") await Deno.writeFile(it.root.join("many", name), noise(50_000));
  let now = 0;
  const system = { ...realSystem, env: () => undefined, monotonic: () => now += 300 };
  for (const _ of ["new", "unchanged"]) {
    const { err } = await it.holdfast("save many many", {
      system,
      terminals: ["stderr"],
      columns: 120,
    });
    assertMatch(err, /save many.* 3 (of 3 )?files {2}146 KiB/);
  }
  const { err } = await it.holdfast("save many many", { system });
  assertEquals(err, ""); // without a terminal
});

cliTest("options may precede or follow arguments", async (it) => {
  await it.succeeds("init r");
  await it.prints("--registry r save -q --version 1 a - ", "a@1.0.0\n", { stdin: "x" });
  await it.prints("save a --version=2 - -q -rr", "a@2.0.0\n", { stdin: "x" });
});

filledTest("save keeps metadata, inputs and the key, and sets aliases", async (it) => {
  const line =
    "save m - --idempotency-key run-7 --input config@2 --input data:raw -m team:=7 -m by=bob -a left -a right";
  await it.tells(line, "Saved m@1.0.0 (1 B, left, right)", { stdin: "1" });
  const info = await it.json("info m@left --json");
  assertEquals(info.metadata, { team: 7, by: "bob" });
  const { digest } = await it.json("info data:raw --json");
  assertEquals(info.inputs, ["config@2", { ref: "data:raw@1.0.0", digest }]);
  assertEquals(info.idempotencyKey, "run-7");
  await it.prints(line.replace(" -a left -a right", " -q"), "m@1.0.0\n", { stdin: "1" });
});

cliTest("standard input is bytes, or a value as asked for", async (it) => {
  await it.succeeds("init");
  const stdin = Uint8Array.of(0, 255, 10, 13);
  await it.succeeds("save a -", { stdin });
  assertEquals((await it.holdfast("cat a")).bytes, stdin);
  await it.succeeds("save b - --as json", { stdin: `{"x": [1, 2.5, null]}` });
  await it.prints("load b --json", `{"x":[1,2.5,null]}\n`);
  await Deno.writeTextFile(it.root.join("c.json"), `[1]`);
  await it.succeeds("save c c.json --as json --compress gzip");
  await it.prints("load c --json", "[1]\n");
});

filledTest("save refuses invalid input and saves nothing", async (it) => {
  const before = await it.succeeds("ls --json");
  const bad: [line: string, code: number, says: string, stdin?: string | Uint8Array][] = [
    ["save x missing.bin", 3, "no such file or folder"],
    [
      "save x https://example.com/m.bin",
      3,
      "curl -fL https://example.com/m.bin | holdfast save NAME -",
    ],
    ["save x", 2, "missing required argument 'source'"],
    ["save x - --as json", 2, "Cannot read standard input as json", "{"],
    ["save x - --as json", 2, "it would be rounded", `{"id": 12345678901234567890}`],
    ["save x - --as json", 2, "it would be rounded", "1e999"],
    ["save x - --as text", 2, "not UTF-8", Uint8Array.of(0xff)],
    ["save x data --as text", 2, "only a file can be read as a value"],
    ["save x data --as yaml", 2, "Allowed choices are json, text, bytes"],
    ["save note data --version 1", 4, "exists"],
    ["save note - --version 1.0.x", 2, "not a semantic version"],
    ["save note@2 - --version 3", 2, "it has two versions"],
    ["save note@latest -", 2, "not a semantic version"],
    ["save x - --version 01", 2, "not a semantic version"],
    ["save x - --alias 2.0", 2, "looks like a version or a range"],
    ["save x - --alias latest", 2, "it is the newest version"],
    ["save x - -m nonsense", 2, "expected key=value"],
    ["save note - --version 1 --on-conflict overwrite", 2, ""],
  ];
  for (const [line, expected, says, stdin] of bad) {
    const { code, err, out } = await it.holdfast(line, { stdin });
    assertEquals(code, expected, `${line}: ${err}`);
    assertStringIncludes(err, says, line);
    assertEquals(out, "");
  }
  await it.prints("ls --json", before);
});

cliTest("save NAME@VERSION sets the version; links are followed", async (it) => {
  await it.succeeds("init");
  await Deno.writeTextFile(it.root.join("model-7.bin"), "seven");
  await Deno.symlink("model-7.bin", it.root.join("newest"));
  await it.prints("save m@1.4 newest -q", "m@1.4.0\n");
  await it.prints("cat m model-7.bin", "seven");
});

cliTest("save --share files, or settings --share files, store a changed file whole", async (it) => {
  await it.succeeds("init");
  const bytes = noise(600_000);
  const isStoredWhole = async (options = "") => {
    bytes[300_000]! ^= 1;
    await Deno.writeFile(it.root.join("big"), bytes);
    return (await it.json(`save a big --json ${options}`)).addedBytes > 500_000;
  };
  assertEquals(await isStoredWhole(), true);
  assertEquals(await isStoredWhole(), false);
  assertEquals(await isStoredWhole("--share files"), true);
  await it.succeeds("settings --share files");
  assertEquals(await isStoredWhole(), true);
  assertEquals(await isStoredWhole("--share bytes"), false);
  assertMatch(await it.succeeds("settings"), /\nsharing +only whole files\n/);
  await it.fails("settings --share none", 2);
});

cliTest("save --share none stores every byte again", async (it) => {
  await it.succeeds("init");
  await Deno.writeFile(it.root.join("big"), noise(200_000));
  const objects = async () =>
    (await Array.fromAsync(walkFiles(it.root.join(".holdfast/objects")))).length;
  await it.succeeds("save a big");
  const once = await objects();
  await it.succeeds("save a big");
  assertEquals(await objects(), once);
  await it.succeeds("save a big --share none");
  assertEquals(await objects(), 2 * once);
  assertMatch(await it.succeeds("save a big --share none --skip-if-unchanged"), /unchanged/);
  assertEquals(await objects(), 2 * once);
});

cliTest("empty standard input needs --allow-empty", async (it) => {
  await it.succeeds("init");
  for (const as of ["", " --as text"]) {
    const { code, err: errors } = await it.holdfast(`save a -${as}`, { stdin: "" });
    assertEquals(code, 2);
    assertStringIncludes(errors, "--allow-empty");
  }
  await it.fails(["save", "a", ""], 2, "the path is empty");
  await it.prints("save a - --allow-empty", "Saved a@1.0.0 (0 B)\n", { stdin: "" });
});

cliTest("a folder with nothing to save needs --allow-empty", async (it) => {
  await it.succeeds("init");
  await Deno.mkdir(it.root.join("mount"));
  await Deno.mkdir(it.root.join("ignored"));
  await Deno.writeTextFile(it.root.join("ignored/a.log"), "a");
  for (const line of ["save a mount", "save a mount --dry-run", "save a ignored --exclude *.log"]) {
    const { code, err: errors } = await it.holdfast(line);
    assertEquals([code, errors.includes("--allow-empty")], [2, true], errors);
  }
  await it.prints("ls -q", "");
  await it.prints("save a mount --allow-empty", "Saved a@1.0.0 (0 B)\n");
  await Deno.mkdir(it.root.join("mount/folder"));
  await it.succeeds("save a mount");
});

cliTest("save refuses an odd name or alias before anything is saved", async (it) => {
  await it.succeeds("init");
  for (const words of [["*"], ["..", "-n"], ["fine", "--alias", "*"], ["fine", "--alias", ".."]]) {
    await it.fails(["save", words[0], "-", ...words.slice(1)], 2);
  }
  await it.succeeds("save m - --allow-empty");
  for (const alias of ["latest", "*", "..", "1.0", "a b"]) {
    await it.fails(["publish", "fine", "m=m", "--alias", alias], 2);
  }
  await it.succeeds("rm m@1 --yes");
  await it.prints("ls -q", "");
});

cliTest("save stores what a model says of itself as metadata", async (it) => {
  await it.succeeds("init");
  const bias = { data: Float32Array.of(1, 2), shape: [2], dtype: "float32" } as const;
  const file = await contentBytes(await safetensors().encode({ tensors: { bias } }));
  await Deno.writeFile(it.root.join("m.safetensors"), file);
  const { err } = await it.holdfast("save m m.safetensors -m by=me");
  assertEquals(err, "Model: safetensors, float32, 1 tensor, 2 parameters\n");
  const facts = { kind: "safetensors", tensors: 1, types: { float32: 1 }, parameters: 2 };
  const model = { ...facts, metadata: {} };
  assertEquals((await it.json("info m --json")).metadata, { by: "me", model });
  await it.succeeds("save m m.safetensors -m model=mine");
  assertEquals((await it.json("info m --json")).metadata, { model: "mine" });

  await Deno.writeFile(it.root.join("m.safetensors"), file.slice(0, 40));
  const cut = await it.holdfast("save m m.safetensors");
  assertMatch(cut.err, /^The model has no facts: Cannot read model "m.safetensors": /);
  assertEquals((await it.json("info m --json")).metadata, {});
});
