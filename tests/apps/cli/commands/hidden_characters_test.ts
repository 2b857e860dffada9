// Names, paths and metadata of others on a terminal: it shows them, and obeys none of them.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { printableText } from "../../../../apps/cli/terminal/table.ts";
import { localPath, openRegistry } from "../../../../mod.ts";
import { annotate } from "../../../../registry/mod.ts";
import { cliTest } from "../../captured_io.ts";

const NAME = "m\u202e:x";
const PATH = "a\x1b]0;title\x07\x9b\u202egnp.exe\u2066\nforged line";
/** Everything that a terminal obeys, but ends of lines and the bold of titles. */
// deno-lint-ignore no-control-regex
const OBEYED = /[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\x1b(?!\[\d+m)/;

cliTest("a terminal shows hidden characters of names, paths and metadata escaped", async (it) => {
  await Deno.mkdir(it.root.join("files"));
  await Deno.writeTextFile(it.root.join("files", PATH), "x");
  {
    await using registry = await openRegistry(it.root.join(".holdfast"));
    const metadata = { "key\u202e": "\u009b\u202e\u001b]0;title\u0007" };
    const files = localPath(it.root.join("files"));
    await registry.save(NAME, files, { metadata, inputs: [] });
    await registry.save(NAME, { text: "\u009b\u202e" }, { inputs: [`${NAME}@1.0.0`] });
    await registry.setAlias(NAME, "live\u2066", "2.0.0");
    await annotate(registry, NAME, { notes: "n\u202e" });
  }
  const lines: string[][] = [
    ["ls"],
    ["ls", "--long"],
    ["ls", "-q"],
    ["versions", NAME],
    ["note", NAME],
    ["info", `${NAME}@1.0.0`],
    ["info", `${NAME}@1.0.0`, "--json"],
    ["info", `${NAME}@live\u2066`],
    ["alias", NAME],
    ["alias", NAME, "other\u2067", "2.0.0"],
    ["log"],
    ["lineage", `${NAME}@2.0.0`],
    ["diff", `${NAME}@1.0.0`, `${NAME}@2.0.0`],
    ["load", `${NAME}@2.0.0`],
    ["load", `${NAME}@9.0.0`],
    ["cat", `${NAME}@1.0.0`, "none"],
    ["download", `${NAME}@1.0.0`, "out\u202e", "--dry-run"],
    ["du"],
    ["rm", `${NAME}@1.0.0`, "--dry-run"],
    ["verify"],
  ];
  for (const line of lines) {
    const { out, err } = await it.holdfast(line, { terminals: ["stdout", "stderr"], columns: 200 });
    assert(!OBEYED.test(out + err), `${line}: ${JSON.stringify(out + err)}`);
    assert((out + err).length > 0, line.join(" "));
  }
  const { out } = await it.holdfast("ls -q"); // programs receive names as they are
  assertStringIncludes(out, NAME);
});

Deno.test("colors, tabs and ends of lines of a result stay on a terminal", () => {
  const text = "\x1b[1mname\x1b[22m\ta\nb";
  assertEquals(printableText(text), text);
  assertEquals(printableText("\x1b[2J\u202e\r"), "\\x1b[2J\\u202e\\x0d");
});
