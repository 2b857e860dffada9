import { assertEquals, assertStringIncludes } from "@std/assert";
import { GROUPS, loadCommands } from "../../../../apps/cli/commands/mod.ts";
import { runProgram } from "../../../../apps/cli/program/program.ts";
import { OTHER_COMMANDS } from "../../../../apps/cli/suggest/other_commands.ts";
import { OTHER_OPTIONS } from "../../../../apps/cli/suggest/other_options.ts";
import { captureIo, filledTest } from "../../captured_io.ts";
import { MEANT } from "./wrong_lines.ts";
import { partOfRun, rowsOfRun } from "../../../support/seeds.ts";

filledTest("a wrong line is answered with the line to paste, which parses", async (it) => {
  await Deno.writeTextFile(it.root.join("m.bin"), "1");
  for (const [typed, meant] of partOfRun(rowsOfRun(MEANT), 3)) {
    const { code, out, err } = await it.holdfast(wordsOf(typed));
    assertEquals([code === 0, out], [false, ""], typed);
    const [, , line = ""] = err.split("\n");
    assertEquals([typed, line.trim()], [typed, `holdfast ${meant}`], err);
    assertEquals(await parses(wordsOf(meant), it.cwd), true, meant);
  }
});

Deno.test("every word of another tool leads to a command that exists", async () => {
  const commands = await loadCommands();
  const known = new Set(commands.map(({ name }) => name));
  for (const [word, templates] of Object.entries(OTHER_COMMANDS)) {
    for (const template of templates.split(" | ")) {
      const words = template.split(" ");
      const isKnown = known.has(words[0]!) || known.has(words.slice(0, 2).join(" "));
      assertEquals(isKnown, true, `${word}: ${template}`);
      const line = template.replaceAll("$registry", ".holdfast").replace(/\$\d/g, "x=1");
      const flags = line.split(" ").filter((part) => part.startsWith("-"));
      const command = commands.find(({ name }) => line === name || line.startsWith(`${name} `))!;
      for (const flag of flags) {
        const forms = [...command.options.map(({ flags }) => flags), "--token-file"].join(" ");
        assertStringIncludes(forms, flag, `${word}: ${template}`);
      }
    }
  }
  for (const [typed, of, is] of OTHER_OPTIONS) {
    for (const name of of === "*" ? [] : of.split(" ").map((word) => word.replace(".", " "))) {
      const command = commands.find((command) => command.name === name);
      const forms = [
        ...(command?.options ?? []).map(({ flags }) => flags),
        ...(command?.args ?? []).map(({ usage }) => usage.replace(/\[(.*)\]/, "<$1>")),
        "--json --quiet --token-file @",
      ].join(" ").replaceAll("...", "");
      const [first = ""] = is.split(" ");
      assertStringIncludes(forms, first.replace(/^@.*/, "@"), `${name} ${typed}: ${is}`);
    }
  }
});

filledTest("a line that may hold a secret is not repeated", async (it) => {
  for (
    const typed of [
      "load config --token hunter2",
      "load config --password hunter2",
      "load config --unknown hunter2",
      "load config first hunter2",
      "remote add team https://h:8600 hunter2",
      "login https://h:8600 hunter2",
      "token add hunter2",
      "serve hunter2",
      "mirror https://me:hunter2@h ./x --keep",
      "clone https://me:hunter2@h",
      "push a s3://b?secretKey=hunter2",
      "gc s3://b?secretKey=hunter2",
    ]
  ) {
    const { code, err } = await it.holdfast(wordsOf(typed));
    assertEquals([typed, code === 0, err.includes("hunter2")], [typed, false, false], err);
  }
});

filledTest("a line that is right but fails keeps its own hint", async (it) => {
  for (
    const [typed, hint] of [
      ["ls ./none", "holdfast init ./none"],
      ["load nothing", "See what exists: holdfast ls"],
      ["load config@9", "holdfast versions config"],
      ["save x gone", "Check the path"],
      ["save x https://example.com/m.bin", "curl -fL"],
      ["download config data:raw note", "--to FOLDER"],
      ["download weights.bin out", "See what exists: holdfast ls"],
      ["versions config@1", "Write: holdfast versions config"],
      ["save my:model", "Write: holdfast save <name> <source>. "],
      ["alias config other", "holdfast alias config"],
    ]
  ) {
    const { err } = await it.holdfast(wordsOf(typed!));
    assertStringIncludes(err, hint!, typed);
    assertEquals(err.includes("Did you mean this?"), false, err);
  }
});

filledTest("the line to paste is not wrapped on a narrow terminal", async (it) => {
  const typed = ["promote", "a/name/that/is/long:model@production", "staging"];
  const { err } = await it.holdfast(typed, { terminals: ["stderr"], columns: 40 });
  assertStringIncludes(err, "holdfast alias a/name/that/is/long:model staging production\n");
});

async function parses(words: readonly string[], cwd: string): Promise<boolean> {
  let wasRun = false;
  const run = () => Promise.resolve(Number(wasRun = true) - 1);
  const io = captureIo({ cwd });
  const commands = await loadCommands();
  await runProgram(words, { commands, groups: GROUPS, io, version: "1", run }).catch(() => 1);
  return wasRun || words[0] === "help";
}

/** Splits a line as a shell does, with words in single quotes. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!);
}
