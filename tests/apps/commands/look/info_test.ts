import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { fillRegistry, holdfast, succeeds } from "../../captured_io.ts";

Deno.test("info shows what is known, for people and for programs", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const text = await succeeds("info config", { cwd });
  assertMatch(text, /^name {6}config\nversion {3}2\.0\.0 \(production\)\nsaved /);
  assertStringIncludes(text, "  epochs  3\n  by      ann\n");
  const folder = await succeeds("info data:raw@1", { cwd });
  assertStringIncludes(folder, "made from  config@1\n");
  assertMatch(
    folder,
    /\nFILE +SIZE {2}SHA-256\na\.csv +4 B {2}[0-9a-f]{12}\ninner\/b\.bin +2 B {2}/,
  );
  const json = JSON.parse(await succeeds("info data:raw --json", { cwd }));
  assertEquals(json.files.map(({ path }: { path: string }) => path), ["a.csv", "inner/b.bin"]);
});

Deno.test("info lists the first files, and all when asked", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await Deno.mkdir(root.join("many"));
  for (let i = 0; i < 40; i++) await Deno.writeTextFile(root.join(`many/${i}`), `${i}`);
  await succeeds("save many many", { cwd });
  assertStringIncludes(await succeeds("info many", { cwd }), "… and 10 more (--files lists all)");
  assertEquals((await succeeds("info many --files", { cwd })).includes("more"), false);
});

Deno.test("info shows the digests of inputs that have one", async () => {
  await using root = await tempRoot();
  const digest = "0123456789abcdef".repeat(4);
  const inputs = ["config@1", { ref: "raw@2", digest }];
  await using registry = await openRegistry(root.join(".holdfast"));
  await registry.save("x", 1, { inputs });
  const text = await succeeds("info x", { cwd: root.path });
  assertStringIncludes(text, "made from  config@1, raw@2 (0123456789ab…)\n");
  assertEquals(JSON.parse(await succeeds("info x --json", { cwd: root.path })).inputs, inputs);
});

Deno.test("info cannot be made to steer the terminal", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await succeeds(["save", "x", "-", "-m", "evil=\x1b[2J"], { cwd });
  assertStringIncludes(await succeeds("info x", { cwd }), "\\x1b[2J");
});

Deno.test("info of what is not there is exit code 3", async () => {
  await using root = await tempRoot();
  await fillRegistry(root.path);
  const { code, out, err } = await holdfast("info config@^7 --json", { cwd: root.path });
  assertEquals([code, out], [3, ""]);
  assertEquals(JSON.parse(err).error.code, "NotFound");
});
