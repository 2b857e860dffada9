import { wrapped } from "../../../../apps/cli/terminal/cli_io.ts";
import { assert, assertEquals } from "@std/assert";
import { cliTest } from "../../captured_io.ts";

Deno.test("a long text is broken between words, under where it begins; a path stays whole, and so does all without a limit", () => {
  const text =
    "the location is the nearest .holdfast upward, /a/very/long/path/that/is/longer/than/a/line of it";
  assertEquals(
    wrapped(text, { indent: 4, columns: 34 }),
    "the location is the nearest\n    .holdfast upward,\n    /a/very/long/path/that/is/longer/than/a/line\n    of it",
  );
  assertEquals(wrapped(text, { indent: 4 }), text);
  assertEquals(wrapped(text, { indent: 20, columns: 34 }), text);
});

cliTest("messages wrap between words, only on a terminal", async (it) => {
  const line = ["ls", "-r", it.root.path];
  const { err } = await it.holdfast(line, {
    terminals: ["stderr"],
    columns: 60,
    env: { NO_COLOR: "1" },
  });
  const whole = await it.holdfast(line);
  const lines = err.trimEnd().split("\n");
  assert(
    lines.length > 2 && lines.every((line) => line.length <= 60 || !line.trim().includes(" ")),
    err,
  );
  assertEquals(lines.join(" ").replaceAll(/ +/g, " "), whole.err.trimEnd().replaceAll("\n", " "));
});
