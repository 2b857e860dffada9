import { assertEquals, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../support/temp_root.ts";
import { fillRegistry, holdfast, succeeds } from "../captured_io.ts";

Deno.test("copy saves the same content and metadata under another ref", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  assertStringIncludes(
    await succeeds("copy config@production settings", { cwd }),
    "Copied to settings@1.0.0 (",
  );
  assertEquals(await succeeds("copy config@1 config@3.0.0 --quiet", { cwd }), "config@3.0.0\n");
  assertEquals(await succeeds("load config --json", { cwd }), `{"lr":0.1}\n`);
  const [from, to] = await Promise.all(
    ["config@2", "settings"].map((ref) => succeeds(`info ${ref} --json`, { cwd })),
  );
  assertEquals(JSON.parse(to).digest, JSON.parse(from).digest);
  assertEquals(JSON.parse(to).metadata, { epochs: 3, by: "ann" });
});

Deno.test("copy fails or skips where the version exists", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  assertEquals((await holdfast("copy note config@1", { cwd })).code, 4);
  assertEquals(
    await succeeds("copy note config@1 --on-conflict skip -q", { cwd }),
    "config@1.0.0\n",
  );
  assertEquals((await holdfast("copy nothing else", { cwd })).code, 3);
});
