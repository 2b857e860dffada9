import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cliTest, filledTest } from "../../../captured_io.ts";

filledTest("info shows what is known, for people and for programs", async (it) => {
  const text = await it.succeeds("info config");
  assertMatch(text, /^name {6}config\nversion {3}2\.0\.0 \(production\)\nsaved /);
  assertStringIncludes(text, "  epochs  3\n  by      ann\n");
  const folder = await it.succeeds("info data:raw@1");
  assertStringIncludes(folder, "inputs   config@1\n");
  assertMatch(
    folder,
    /\nFILE +SIZE {2}SHA-256\na\.csv +4 B {2}[0-9a-f]{12}\ninner\/b\.bin +2 B {2}/,
  );
  const json = await it.json("info data:raw --json");
  assertEquals(json.files.map(({ path }: { path: string }) => path), ["a.csv", "inner/b.bin"]);
});

cliTest("info lists the first files, and all when asked", async (it) => {
  await it.succeeds("init");
  await Deno.mkdir(it.root.join("many"));
  for (let i = 0; i < 40; i++) await Deno.writeTextFile(it.root.join(`many/${i}`), `${i}`);
  await it.succeeds("save many many");
  await it.tells("info many", "… and 10 more (--files lists all)");
  assertEquals((await it.succeeds("info many --files")).includes("more"), false);
});

cliTest("info escapes control characters", async (it) => {
  await it.succeeds("init");
  await it.succeeds(["save", "x", "-", "-m", "evil=\x1b[2J"]);
  await it.tells("info x", "\\x1b[2J");
});
