import { assertEquals } from "@std/assert";
import { shellLine } from "../../../operators/process/shell_words.ts";

Deno.test("a shell takes each word as it is", async () => {
  const words = ["a b", "it's", `"$HOME"`, "`id`; $(id) | x > y & z", "\\", "é\n☂", "", "*"];
  const args = ["-c", `for word in ${shellLine(words)}; do printf '%s\\037' "$word"; done`];
  const { stdout } = await new Deno.Command("sh", { args }).output();
  assertEquals(new TextDecoder().decode(stdout).split("\x1f").slice(0, -1), words);
});
