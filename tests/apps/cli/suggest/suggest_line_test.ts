import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { COMMAND_TABLE } from "../../run_cli.ts";
import { runProgram } from "../../../../apps/cli/program/program.ts";
import { EXTENSIONS } from "../../../../apps/extensions.ts";
import { OWN_WORDS } from "../../../../apps/cli/suggest/other_words.ts";
import { suggestLine } from "../../../../apps/cli/suggest/suggest_line.ts";
import { captureIo, filledTest } from "../../captured_io.ts";
import { casesOfRun, partOfRun, rowsOfRun } from "../../../support/seeds.ts";
import { LINES, WORDS } from "./wrong_lines.ts";

filledTest("a wrong line is answered with the line to paste, which parses", async (it) => {
  await Deno.writeTextFile(it.root.join("m.bin"), "1");
  for (const [typed, meant] of partOfRun(rowsOfRun(LINES), 3)) {
    const { code, out, err } = await it.holdfast(wordsOf(typed));
    assertEquals([code === 0, out], [false, ""], typed);
    const [, , line = ""] = err.split("\n");
    assertEquals([typed, line.trim()], [typed, `holdfast ${meant}`], err);
    assertEquals(await parses(wordsOf(meant), it.cwd), true, meant);
  }
});

filledTest("a wrong line that would change something gets words", async (it) => {
  await Deno.writeTextFile(it.root.join("m.bin"), "1");
  for (const [typed, words] of partOfRun(rowsOfRun(WORDS), 3)) {
    const { code, out, err } = await it.holdfast(wordsOf(typed));
    assertEquals([code === 0, out], [false, ""], typed);
    assertStringIncludes(err, `hint: ${words.startsWith("holdfast") ? "Write: " : ""}${words}`);
    assertEquals(err.includes("Did you mean this?"), false, err);
  }
});

/** Commands that neither store nor delete, and options with which some of them write. */
const READERS =
  ("ls versions info log diff lineage members load cat du verify rules.ls rules.log " +
    "rules.test runs.ls runs.show remote.ls token.ls jobs.ls jobs.show whoami explore completions " +
    "pipeline.plan pipeline.status pipeline.logs pipeline.graph help").split(" ");
const WRITING = /^(-o|--output|--repair-from)\b/;

const suggestions = EXTENSIONS.flatMap(({ suggestions }) => suggestions ?? []);
const ALL = [OWN_WORDS, ...suggestions];
const COMMANDS = ALL.flatMap(({ commands = [] }) => commands);
const OPTIONS = ALL.flatMap(({ options = [] }) => options);

const OTHERS = COMMANDS.flatMap(([, words]) => words.split(", "));
const OPTION_WORDS = [...new Set(OPTIONS.flatMap(([, , typed]) => typed.split(" ")))];
const ARGUMENTS = [
  "m",
  "my:model",
  "my:model@2",
  "2",
  "production",
  "./data",
  "m.bin",
  "data",
  "-",
];
const ODD = ["s3://b/x", "@team", "acc:", "0.5", "a b", "k=v", "7", "latest", "models:*", "x@1@2"];

filledTest("a suggested line changes nothing that was not typed", async (it) => {
  await Deno.writeTextFile(it.root.join("m.bin"), "1");
  const commands = await COMMAND_TABLE.load();
  const own = commands.filter(({ hidden }) => !hidden).map(({ name }) => name);
  const ownOptions = commands.flatMap(({ options }) => options)
    .flatMap(({ flags }) => flags.match(/(?<!\S)--?[a-z-]+/g) ?? []);
  const mistyped = fc.tuple(fc.constantFrom(...own), fc.nat(9), fc.constantFrom("", "e", "s", "ab"))
    .map(([name, at, letters]) => name.slice(0, at) + letters + name.slice(at + 1));
  const anyLine = fc.record({
    before: fc.constantFrom("", "", "", "git", "artifact", "runs", "run", "holdfast", "file"),
    verb: fc.oneof(fc.constantFrom(...own), fc.constantFrom(...OTHERS), mistyped),
    args: fc.array(fc.constantFrom(...ARGUMENTS, ...ODD), { maxLength: 3 }),
    options: fc.array(fc.constantFrom(...OPTION_WORDS, ...ownOptions, "--kep-last"), {
      maxLength: 1,
    }),
    values: fc.array(fc.constantFrom("3", "k=v", "x"), { maxLength: 1 }),
  }).map(({ before, verb, args, options, values }) =>
    [...before.split(" "), ...verb.split(" "), ...args, ...options, ...values].filter((word) =>
      word !== ""
    )
  );
  const check = async (words: readonly string[], wasParsed: boolean) => {
    const parses = () => Promise.resolve(true); // whatever is suggested, also if it would not parse
    const hint =
      await suggestLine(words, { commands, suggestions, cwd: it.cwd, wasParsed, parses }) ??
        "";
    const line = /^Did you mean this\?\n {2}holdfast (.*)$/s.exec(hint)?.[1];
    if (line !== undefined) assertSaid(words, wordsOf(line), own);
  };
  for (const [typed] of [...LINES, ...WORDS]) await check(wordsOf(typed), false);
  await check(["alias", "x@1@2", "k=v"], false);
  const property = fc.asyncProperty(anyLine, fc.boolean(), check);
  await fc.assert(property, { numRuns: casesOfRun(2_000) });
});

/** Fails if a line stores or deletes something that the typed one does not say. */
function assertSaid(typed: readonly string[], line: readonly string[], own: readonly string[]) {
  const about = `${typed.join(" ")} => ${line.join(" ")}`;
  const two = line.slice(0, 2).join(" ");
  const name = own.includes(two) ? two : line[0] ?? "";
  const isReading = READERS.includes(name.replace(" ", ".")) || two === "cache info";
  if (isReading && !line.some((word) => WRITING.test(word))) return;
  const said = (word: string) => typed.some((other) => isLike(word, other.replace(/^[–—]/, "--")));
  for (const word of name.split(" ")) assert(said(word), about);
  const rest = line.slice(name.split(" ").length);
  for (const word of rest.filter((word) => word !== "-r")) {
    const [part = "", version] = word.split(/(?<=.)@(?!$)/);
    const isOfTyped = typed.some((other) =>
      other.startsWith(`${part}@`) || other.endsWith(`@${part}`)
    );
    assert(said(word) || isOfTyped && version === undefined, about);
  }
}

/** True for the same word, and for one with another letter, one more or one less. */
function isLike(word: string, typed: string): boolean {
  if (word === typed) return true;
  if (word.length < 4) return false;
  const forms = (
    text: string,
  ) => [text, ...[...text].map((_, i) => text.slice(0, i) + text.slice(i + 1))];
  const isShort = Math.abs(word.length - typed.length) <= 1;
  return isShort && forms(word).some((form) => forms(typed).includes(form));
}

Deno.test("every word of another tool leads to a command that exists", async () => {
  const commands = await COMMAND_TABLE.load();
  const find = (template: string) =>
    commands.filter(({ name }) => template === name || template.startsWith(`${name} `))
      .sort((a, b) => b.name.length - a.name.length)[0];
  for (const [templates, words] of COMMANDS) {
    for (const template of templates.split(" | ")) {
      const command = find(template);
      assert(command !== undefined, `${words}: ${template}`);
      const forms = command.options.map(({ flags }) => flags).join(" ");
      for (const flag of template.match(/--[a-z-]+/g) ?? []) {
        assertStringIncludes(forms, flag, `${words}: ${template}`);
      }
    }
  }
  for (const name of ALL.flatMap(({ reading = [] }) => reading)) {
    assert(find(name) !== undefined, name);
  }
  for (const [of, is, typed] of OPTIONS) {
    for (const name of of === "*" ? [] : of.split(" ").map((word) => word.replace(".", " "))) {
      const command = find(name);
      const forms = [
        ...(command?.options ?? []).map(({ flags }) => flags),
        ...(command?.args ?? []).map(({ usage }) => usage.replace(/\[(.*)\]/, "<$1>")),
        "NAME@VERSION",
      ].join(" ").replaceAll("...", "");
      assertStringIncludes(forms, is.split(" ")[0]!, `${name} ${typed}: ${is}`);
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
      ["save my:model m.bin m.bin", "Write: holdfast save <name> <source>. "],
      ["save config data -m acc: 0.5", "Write key=text"],
      ["runs finish 7", "Write: holdfast runs finish <name> <id> [path]. "],
      ["rm config 1", "Pick one: holdfast versions config"],
      ["alias config other", "holdfast alias config"],
    ]
  ) {
    const { err } = await it.holdfast(wordsOf(typed!));
    assertStringIncludes(err, hint!, typed);
    assertEquals(err.includes("Did you mean this?"), false, err);
  }
});

filledTest("the line to paste is not wrapped on a narrow terminal", async (it) => {
  const typed = ["alias", "a/name/that/is/long:model@production", "staging"];
  const { err } = await it.holdfast(typed, { terminals: ["stderr"], columns: 40 });
  assertStringIncludes(err, "holdfast alias a/name/that/is/long:model staging production\n");
});

async function parses(words: readonly string[], cwd: string): Promise<boolean> {
  let wasRun = false;
  const run = () => Promise.resolve(Number(wasRun = true) - 1);
  const io = captureIo({ cwd });
  const commands = await COMMAND_TABLE.load();
  await runProgram(words, { commands, groups: COMMAND_TABLE.groups, io, version: "1", run }).catch(
    () => 1,
  );
  return wasRun || words[0] === "help";
}

/** Splits a line as a shell does, with words in single quotes. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!);
}
