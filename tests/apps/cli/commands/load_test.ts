import { assertEquals, assertStringIncludes } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { cliTest, filesIn, filledTest } from "../../captured_io.ts";

filledTest("load prints JSON values as JSON, text and files as they are", async (it) => {
  await it.prints("load config", `{\n  "lr": 0.2\n}\n`);
  await it.prints("load config@1 --json", `{"lr":0.1}\n`);
  await it.prints("load config@production --json", `{"lr":0.2}\n`);
  await it.prints("load note", "hello");
  await it.prints("load note --json", `"hello"\n`);
  await it.succeeds("save one data/a.csv");
  await it.prints("load one", "1,2\n");
});

cliTest("load shows other values on a terminal, and refuses them elsewhere", async (it) => {
  await using registry = await openRegistry(it.root.join(".holdfast"));
  await registry.save("odd", { when: new Date(0), set: new Set([1n]), nothing: undefined });
  await registry.save("parts", { weights: new Float32Array(2), when: new Date(0) });
  await registry.save("blob", new Blob(["bytes of it"], { type: "text/plain" }));
  const { out } = await it.holdfast("load odd", { terminals: ["stdout"] });
  assertStringIncludes(out, "when: 1970-01-01T00:00:00.000Z, set: Set(1) { 1n }");
  await it.fails("load odd --json", 1, `"code":"Unsupported"`);
  await it.fails("load odd", 1, "hint: Print its stored bytes: holdfast cat odd@1.0.0\n");
  await it.fails("load odd -o out", 1, "holdfast cat odd@1.0.0");
  await it.fails("load parts", 1, "hint: Write its files: holdfast download parts@1.0.0 FOLDER\n");
  await it.prints("load blob", "bytes of it");
  await it.fails("load blob --json", 1);
});

cliTest("load prints all items of a list, and writes arrays as .npy", async (it) => {
  await using registry = await openRegistry(it.root.join(".holdfast"));
  const list = Array.from({ length: 250 }, (_, i) => i);
  await registry.save("list", list);
  await registry.save("typed", Float64Array.from(list));
  await registry.save("array", { data: Int8Array.from(list), shape: [25, 10], dtype: "int8" });
  await it.prints("load list", `${JSON.stringify(list, null, 2)}\n`);
  for (const name of ["typed", "array"]) {
    await it.fails(`load ${name}`, 1, `holdfast load ${name}@1.0.0 -o FILE.npy`);
    await it.fails(`load ${name} -o x.txt`, 1, "FILE.npy");
    await it.prints(`load ${name} -o x.npy`, "");
    const written = await Deno.readFile(it.root.join("x.npy"));
    const [stored] = (await registry.open(name)).files();
    assertEquals(written, await stored.bytes());
  }
});

filledTest("load refuses folders, missing refs, and binary on terminals", async (it) => {
  await it.succeeds("save bin -", { stdin: Uint8Array.of(1, 0, 2) });
  const bad: [line: string, code: number, says: string][] = [
    ["load data:raw", 2, "hint: Use: holdfast download data:raw@1.0.0 FOLDER"],
    ["load nothing", 3, "nothing"],
    ["load config@9", 3, "config"],
    ["load config@nobody", 3, "nobody"],
    ["load bin", 2, "--output FILE"],
  ];
  for (const [line, expected, says] of bad) {
    const { code, err, out } = await it.holdfast(line, { terminals: ["stdout", "stderr"] });
    assertEquals([code, out], [expected, ""], `${line}: ${err}`);
    assertStringIncludes(err, says, line);
  }
});

filledTest("load --output writes a file whole or not at all", async (it) => {
  await Deno.writeTextFile(it.root.join("out"), "old");
  await it.prints("load config -o out", "");
  assertEquals(await Deno.readTextFile(it.root.join("out")), `{\n  "lr": 0.2\n}\n`);
  const abort = AbortSignal.abort(new Error("stopped"));
  await it.holdfast("load note -o out", { signal: abort });
  assertEquals(await Deno.readTextFile(it.root.join("out")), `{\n  "lr": 0.2\n}\n`);
  const { code } = await it.holdfast("load note -o no/such/folder");
  assertEquals(code, 3);
  const left = await filesIn(it.cwd);
  assertEquals(left.sort(), [".holdfast", "data", "out"]);
});
