import { assertEquals } from "@std/assert";
import { defineSettings } from "../../plugins/sets/settings.ts";

Deno.test("what takes no settings says so, and lists none", async () => {
  const result = await defineSettings({})["~standard"].validate({ ttl: 1 });
  assertEquals(result.issues?.map(({ message }) => message), [
    "there is no such setting, it takes none",
  ]);
});
