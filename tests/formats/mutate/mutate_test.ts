import { assert, assertEquals } from "@std/assert";
import { attack } from "./mutate.ts";

Deno.test("damaged files of every format are values, or fail as files do", async () => {
  const { files, values, faults } = await attack(3000);
  assertEquals(faults, []);
  assert(values > 0 && values < files);
});
