import { assertEquals } from "@std/assert";
import { firstIndex } from "../../../core/text/first_index.ts";

Deno.test("the first index that passes is found, from any place", () => {
  for (let count = 0; count < 9; count++) {
    for (let from = 0; from <= count; from++) {
      for (let first = from; first <= count; first++) {
        assertEquals(firstIndex(count, (at) => at >= first, from), first);
      }
    }
  }
});
