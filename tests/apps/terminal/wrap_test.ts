import { assertEquals } from "@std/assert";
import { wrapped } from "../../../apps/terminal/wrap.ts";

Deno.test("a long text is broken between words, under where it begins; a path stays whole, and so does all without a limit", () => {
  const text = "the place is the nearest .holdfast upward, /a/very/long/path/that/is/longer/than/a/line of it";
  assertEquals(
    wrapped(text, { indent: 4, columns: 34 }),
    "the place is the nearest\n    .holdfast upward,\n    /a/very/long/path/that/is/longer/than/a/line\n    of it",
  );
  assertEquals(wrapped(text, { indent: 4 }), text);
  assertEquals(wrapped(text, { indent: 20, columns: 34 }), text);
});
