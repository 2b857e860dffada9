// Suggestions for mistyped names.
import { assertEquals } from "@std/assert";
import { nearest } from "../../../core/text/nearest.ts";

Deno.test("the same name in another form of Unicode is nearest", () => {
  const [composed, decomposed] = ["é", "e\u0301"].map((letter) => `data:${letter}t${letter}`);
  for (const [typed, stored] of [[composed, decomposed], [decomposed, composed]]) {
    assertEquals(nearest(typed!, ["data:ete", stored!, "data:été2"]), stored);
  }
});

Deno.test("the case of letters does not count", () => {
  assertEquals(nearest("MODEL", ["mode", "Model", "models"]), "Model");
});
