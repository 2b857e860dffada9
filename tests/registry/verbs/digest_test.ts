import { assertEquals, assertRejects } from "@std/assert";
import { digestOfValue, hashFiles, openRegistry } from "../../../mod.ts";

Deno.test("digestOfValue() takes the value as it is when it is called, as save() does", async () => {
  await using registry = await openRegistry("memory:");
  const { digest } = await registry.save("a", { depth: 12 });
  const value = { depth: 12 };
  const pending = digestOfValue(registry, value);
  value.depth = 13;
  assertEquals(await pending, digest);
});

Deno.test("hashFiles() rejects as the files that it was given, however soon they fail", async () => {
  const error = await assertRejects(() => hashFiles(Promise.reject(new TypeError("no files"))), TypeError);
  assertEquals(error.message, "no files");
});
