import { assertEquals, assertRejects } from "@std/assert";
import { withoutHanging } from "./without_hanging.ts";

Deno.test("what comes is given, with no timer left, and what never comes is named", async () => {
  assertEquals(await withoutHanging("it", Promise.resolve(1)), 1);
  await assertRejects(() => withoutHanging("it", Promise.reject(new Error("no"))), Error, "no");
  const never = withoutHanging("a reply", new Promise(() => {}), 1);
  await assertRejects(() => never, Error, "Cannot go on: a reply did not come within 1 ms");
});
