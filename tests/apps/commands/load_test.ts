import { assertEquals, assertStringIncludes } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { fillRegistry, holdfast, succeeds } from "../captured_io.ts";

Deno.test("load prints JSON values as JSON, text and files as they are", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  assertEquals(await succeeds("load config", { cwd }), `{\n  "lr": 0.2\n}\n`);
  assertEquals(await succeeds("load config@1 --json", { cwd }), `{"lr":0.1}\n`);
  assertEquals(await succeeds("load config@production --json", { cwd }), `{"lr":0.2}\n`);
  assertEquals(await succeeds("load note", { cwd }), "hello");
  assertEquals(await succeeds("load note --json", { cwd }), `"hello"\n`);
  await succeeds("save one data/a.csv", { cwd });
  assertEquals(await succeeds("load one", { cwd }), "1,2\n");
});

Deno.test("load shows values that JSON would alter, and refuses to print them as JSON", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await using registry = await openRegistry(root.join(".holdfast"));
  await registry.save("odd", { when: new Date(0), set: new Set([1n]), nothing: undefined });
  await registry.save("blob", new Blob(["bytes of it"], { type: "text/plain" }));
  assertStringIncludes(
    await succeeds("load odd", { cwd }),
    "when: 1970-01-01T00:00:00.000Z, set: Set(1) { 1n }",
  );
  const { code, err } = await holdfast("load odd --json", { cwd });
  assertEquals(code, 1);
  assertStringIncludes(err, `"code":"Unsupported"`);
  assertEquals(await succeeds("load blob", { cwd }), "bytes of it");
  assertEquals((await holdfast("load blob --json", { cwd })).code, 1);
});

Deno.test("load refuses a folder, a missing ref, and binary on a terminal, each with what to do", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await succeeds("save bin -", { cwd, stdin: Uint8Array.of(1, 0, 2) });
  const bad: [line: string, code: number, says: string][] = [
    ["load data:raw", 2, 'hint: Use "holdfast download data:raw@1.0.0 FOLDER"'],
    ["load nothing", 3, "nothing"],
    ["load config@9", 3, "config"],
    ["load config@nobody", 3, "nobody"],
    ["load bin", 2, "--output FILE"],
  ];
  for (const [line, expected, says] of bad) {
    const { code, err, out } = await holdfast(line, { cwd, terminals: ["stdout", "stderr"] });
    assertEquals([code, out], [expected, ""], `${line}: ${err}`);
    assertStringIncludes(err, says, line);
  }
});

Deno.test("load --output writes a file whole or not at all", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await Deno.writeTextFile(root.join("out"), "old");
  assertEquals(await succeeds("load config -o out", { cwd }), "");
  assertEquals(await Deno.readTextFile(root.join("out")), `{\n  "lr": 0.2\n}\n`);
  const abort = AbortSignal.abort(new Error("stopped"));
  await holdfast("load note -o out", { cwd, signal: abort });
  assertEquals(await Deno.readTextFile(root.join("out")), `{\n  "lr": 0.2\n}\n`);
  const { code } = await holdfast("load note -o no/such/folder", { cwd });
  assertEquals(code, 3);
  const left = await Array.fromAsync(Deno.readDir(cwd), ({ name }) => name);
  assertEquals(left.sort(), [".holdfast", "data", "out"]);
});
