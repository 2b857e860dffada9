import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../support/temp_root.ts";
import { walkFiles } from "../walk_files.ts";
import { fillRegistry, holdfast, noise, succeeds } from "../captured_io.ts";

Deno.test("save takes the next version and says what it saved; --quiet only the ref, --json everything", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await Deno.writeTextFile(root.join("model.bin"), "weights");
  assertEquals(await succeeds("save my:model model.bin", { cwd }), "Saved my:model@1.0.0 (7 B)\n");
  assertEquals(await succeeds("save my:model ./model.bin --quiet", { cwd }), "my:model@2.0.0\n");
  const saved = JSON.parse(await succeeds("save --json --bump minor my:model model.bin", { cwd }));
  assertEquals([saved.name, saved.version, saved.size, saved.skipped], [
    "my:model",
    "2.1.0",
    7,
    false,
  ]);
  assertMatch(saved.digest, /^[0-9a-f]{64}$/);
});

Deno.test("options may stand before, between and behind the arguments", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init r", { cwd });
  assertEquals(
    await succeeds("--registry r save -q --version 1 a - ", { cwd, stdin: "x" }),
    "a@1.0.0\n",
  );
  assertEquals(await succeeds("save a --version=2 - -q -rr", { cwd, stdin: "x" }), "a@2.0.0\n");
});

Deno.test("save keeps metadata, inputs and the key, and sets aliases", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await Deno.writeTextFile(root.join("m.json"), `{"team":"vision","by":"nobody"}`);
  const line =
    "save m - --idempotency-key run-7 --input config@2 --input data:raw --metadata-file m.json -m by=bob -a left -a right";
  assertStringIncludes(
    await succeeds(line, { cwd, stdin: "1" }),
    "Saved m@1.0.0 (1 B, left, right)",
  );
  const info = JSON.parse(await succeeds("info m@left --json", { cwd }));
  assertEquals(info.metadata, { team: "vision", by: "bob" });
  assertEquals(info.inputs, ["config@2", "data:raw"]);
  assertEquals(info.idempotencyKey, "run-7");
  assertEquals(
    await succeeds(line.replace(" -a left -a right", " -q"), { cwd, stdin: "1" }),
    "m@1.0.0\n",
  );
});

Deno.test("save says when there was nothing to save", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  assertStringIncludes(
    await succeeds("save data:raw data --skip-if-unchanged", { cwd }),
    "Kept data:raw@1.0.0",
  );
  assertStringIncludes(
    await succeeds("save note - --version 1 --on-conflict skip", { cwd, stdin: "z" }),
    "Kept note@1.0.0",
  );
});

Deno.test("standard input is bytes, or a value as asked for", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  const stdin = Uint8Array.of(0, 255, 10, 13);
  await succeeds("save a -", { cwd, stdin });
  assertEquals((await holdfast("cat a", { cwd })).bytes, stdin);
  await succeeds("save b - --as json", { cwd, stdin: `{"x": [1, 2.5, null]}` });
  assertEquals(await succeeds("load b --json", { cwd }), `{"x":[1,2.5,null]}\n`);
  await Deno.writeTextFile(root.join("c.json"), `[1]`);
  await succeeds("save c c.json --as json --compress gzip", { cwd });
  assertEquals(await succeeds("load c --json", { cwd }), "[1]\n");
});

Deno.test("what cannot be saved as asked is refused with its reason, and nothing is saved", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const before = await succeeds("ls --json", { cwd });
  const bad: [line: string, code: number, says: string, stdin?: string | Uint8Array][] = [
    ["save x missing.bin", 3, "no such file or folder"],
    ["save x", 2, "missing required argument 'source'"],
    ["save x - --as json", 2, "Cannot read standard input as json", "{"],
    ["save x - --as json", 2, "too large to be kept exactly", `{"id": 12345678901234567890}`],
    ["save x - --as json", 2, "too large to be kept exactly", "1e999"],
    ["save x - --as text", 2, "not UTF-8", Uint8Array.of(0xff)],
    ["save x data --as text", 2, "only a file has one content"],
    ["save x data --as yaml", 2, "Allowed choices are json, text, bytes"],
    ["save note data --version 1", 4, "exists"],
    ["save note - --version 1.0.x", 2, "not a semantic version"],
    ["save note@2 - --version 3", 2, "a version is given twice"],
    ["save note@latest -", 2, "not a semantic version"],
    ["save ../x - --version 01", 2, "not a semantic version"],
    ["save x - --alias 2.0", 2, "looks like a version"],
    ["save x - -m nonsense", 2, "key=value is expected"],
    ["save x - --metadata-file data/a.csv", 2, "Cannot read metadata"],
    ["save note - --version 1 --on-conflict overwrite", 2, ""],
  ];
  for (const [line, expected, says, stdin] of bad) {
    const { code, err, out } = await holdfast(line, { cwd, stdin });
    assertEquals(code, expected, `${line}: ${err}`);
    assertStringIncludes(err, says, line);
    assertEquals(out, "");
  }
  assertEquals(await succeeds("ls --json", { cwd }), before);
});

Deno.test("save NAME@VERSION says the version, and a link that is named means its target", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await Deno.writeTextFile(root.join("model-7.bin"), "seven");
  await Deno.symlink("model-7.bin", root.join("newest"));
  assertEquals(await succeeds("save m@1.4 newest -q", { cwd }), "m@1.4.0\n");
  assertEquals(await succeeds("cat m model-7.bin", { cwd }), "seven");
});

Deno.test("save --no-share stores every byte again", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await Deno.writeFile(root.join("big"), noise(200_000));
  const objects = async () =>
    (await Array.fromAsync(walkFiles(root.join(".holdfast/objects")))).length;
  await succeeds("save a big", { cwd });
  const once = await objects();
  await succeeds("save a big", { cwd });
  assertEquals(await objects(), once);
  await succeeds("save a big --no-share", { cwd });
  assertEquals(await objects(), 2 * once);
  assertEquals((await holdfast("save a big --no-share --skip-if-unchanged", { cwd })).code, 2);
});

Deno.test("save with a key that was used says that the first result is returned", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  const says = (kept: string) => `Kept a@1.0.0 (1 B): ${kept}\n`;
  const byKey = says(
    "the key was used before, so its first result is returned and nothing was saved",
  );
  await succeeds("save a - --idempotency-key k", { cwd, stdin: "1" });
  assertEquals(await succeeds("save a - --idempotency-key k", { cwd, stdin: "2" }), byKey);
  assertEquals(
    await succeeds("save a - --idempotency-key k --skip-if-unchanged", { cwd, stdin: "2" }),
    byKey,
  );
  assertEquals(
    await succeeds("save a - --idempotency-key other --skip-if-unchanged", { cwd, stdin: "1" }),
    says("nothing new to save"),
  );
  assertEquals(
    await succeeds("save a - --version 1 --on-conflict skip", { cwd, stdin: "2" }),
    says("it exists already, nothing was saved"),
  );
});

Deno.test("the help of save says that inputs are not looked up", async () => {
  const help = await succeeds("save --help", { cwd: "/" });
  assertMatch(help, /--input <ref>.*not\s+looked up/);
  await using root = await tempRoot();
  await succeeds("init", { cwd: root.path });
  await succeeds("save a - --input nothing@7", { cwd: root.path });
});

Deno.test("standard input without a byte is refused: a program before it has failed; --allow-empty takes it", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  for (const as of ["", " --as text"]) {
    const { code, err: errors } = await holdfast(`save a -${as}`, { cwd, stdin: "" });
    assertEquals(code, 2);
    assertStringIncludes(errors, "--allow-empty");
  }
  const unset = await holdfast(["save", "a", ""], { cwd });
  assertEquals(unset.code, 2);
  assertStringIncludes(unset.err, "its path is empty");
  assertEquals(
    await succeeds("save a - --allow-empty", { cwd, stdin: "" }),
    "Saved a@1.0.0 (0 B)\n",
  );
});
