import { assertEquals } from "@std/assert";
import { cliHint } from "../../../apps/cli/terminal/hint_words.ts";
import { sourceChanged } from "../../../core/work/source_change.ts";

Deno.test("the hint for a source that changed names what to stop and what to leave out", () => {
  const error = sourceChanged("data/log.txt");
  const { message, hint } = error;
  assertEquals(message, 'Cannot save "data/log.txt": it changed while it was read');
  assertEquals(hint, "Stop the programs that write to it, or save a copy outside the registry.");
  assertEquals(
    cliHint(error),
    "Stop the programs that write to it, leave it out with --exclude, or save a copy.",
  );
});
