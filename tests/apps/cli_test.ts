import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import manifest from "../../deno.json" with { type: "json" };
import { COMMAND_TABLE, runCli } from "./run_cli.ts";
import { ReaderGone } from "../../apps/cli/terminal/cli_io.ts";
import { captureIo, cliTest, filesIn, filledTest, holdfast, succeeds } from "./captured_io.ts";

const COMMANDS = await COMMAND_TABLE.load();
const HERE = { cwd: "/" };
const PLAIN = { NO_COLOR: "1" };

Deno.test("--help fits on one screen, and shows the first steps and the groups", async () => {
  const { code, out, err } = await holdfast("--help", HERE);
  assertEquals([code, err], [0, ""]);
  assertStringIncludes(out, "$ holdfast init");
  assertEquals(out.split("\n").filter((line) => line.length > 80), []);
  assert(out.trimEnd().split("\n").length <= 40, out);
  for (const { name } of COMMAND_TABLE.groups) assertStringIncludes(out, `\n  ${name} `);
});

Deno.test("every command is in the help of exactly one group", async () => {
  const helps = await Promise.all(
    COMMAND_TABLE.groups.map(({ name }) => succeeds(`help ${name}`, HERE)),
  );
  for (const { name, hidden } of COMMANDS) {
    const count = helps.filter((help) => help.includes(`\n  ${name} `)).length;
    assertEquals(count, hidden ? 0 : 1, name);
  }
  assertEquals(helps.join("\n").split("\n").filter((line) => line.length > 80), []);
  const first = COMMANDS.map(({ name }) => name.split(" ")[0]);
  assertEquals(COMMAND_TABLE.groups.filter(({ name }) => first.includes(name)), []);
  assertStringIncludes(await succeeds("help exit-codes", HERE), "130  interrupted by Ctrl-C");
  const page = await Deno.readTextFile("docs/command_line.md");
  const names = COMMAND_TABLE.groups.map(({ name }) => name);
  const rows = Array.from(page.matchAll(/^\| `(\w+)` +\| `/gm), ([, name]) => name);
  assertEquals(rows.filter((name) => names.includes(name)), names, "the same order in both");
  for (const { name, words } of COMMAND_TABLE.groups) {
    const row = new RegExp(`^\\| \`${name}\` +\\| (.*?) *\\|$`, "m").exec(page)?.[1];
    assertEquals(row, words.map((word) => `\`${word}\``).join(", "), name);
  }
});

Deno.test("every command's help has a purpose, its options and examples, and fits the terminal", async () => {
  for (const { name, summary, options, examples, hidden } of COMMANDS) {
    const { code, out } = await holdfast(`${name} --help`, {
      ...HERE,
      terminals: ["stdout"],
      columns: 80,
      env: PLAIN,
    });
    assertEquals(code, 0);
    assert(hidden || out.startsWith("Examples:"), `${name}: its help does not begin with examples`);
    assert(
      !summary.includes("\n") && summary.endsWith("."),
      `${name}: its summary is not one line that ends with a full stop`,
    );
    for (const { flags } of options) assertStringIncludes(out, flags);
    assert(hidden || examples.length >= 2, `${name} has ${examples.length} examples; give it two`);
    for (const [line] of examples) assertStringIncludes(out, line);
    const wide = out.split("\n").filter((line) => line.length > 80);
    assertEquals(wide, [], `${name}: lines of its help have more than 80 columns`);
    const paragraphs = out.split("Arguments:")[0].split(/^Options/m)[0].split("\n\n").slice(2);
    for (const [first, ...more] of paragraphs.map((text) => text.trimEnd().split("\n"))) {
      const next = more[0]?.split(" ")[0] ?? "";
      assert(
        more.length === 0 || first.length + 1 + next.length > 80,
        `${name}: a line ends early: ${first}`,
      );
    }
  }
});

Deno.test("a bare holdfast shows the help on standard error and ends with 2", async () => {
  const { code, out, err } = await holdfast("", HERE);
  assertEquals([code, out], [2, ""]);
  assertStringIncludes(err, "First steps:");
});

Deno.test("--version is that of the package", async () => {
  assertEquals(await succeeds("--version", HERE), `${manifest.version}\n`);
  assertEquals(await succeeds("-V", HERE), `${manifest.version}\n`);
  assertEquals(await succeeds("version", HERE), `${manifest.version}\n`);
});

Deno.test("typos get a suggestion and a hint", async () => {
  const cases: [line: string, says: string][] = [
    ["qqqq", `hint: See "holdfast --help".`],
    ["lod", "Write: holdfast load <ref>. "],
    ["verison", "Write: holdfast versions <name>. "],
    ["list", "  holdfast ls\n"],
    ["delete", "Write: holdfast rm <refs...>. "],
    ["compare", "Write: holdfast diff <before> [after]. "],
    ["history", "  holdfast log --all\n"],
    ["history my:model", "  holdfast log my:model\n"],
    ["status", "Write: holdfast doctor. "],
    ["upload a b", "Write: holdfast save <name> <source>. "],
    ["token delete", "Write: holdfast token rm <ids...>. "],
    ["remote list", "  holdfast remote ls\n"],
    ["pipeline validate", "  holdfast pipeline plan\n"],
    ["cancl", "Write: holdfast pipeline cancel <run>. "],
    ["pipeline rnu", "Write: holdfast pipeline run [file]. "],
    ["pipelin run", "  holdfast pipeline run\n"],
    ["gc now and then", "but got 3\nhint: "],
    ["rm x --forec", "  holdfast rm x --force\n"],
    ["ls --jsn", "  holdfast ls --json\n"],
    ["cat", `See "holdfast cat --help".`],
    ["gc now", `See "holdfast gc --help".`],
    ["serve a", "Write: holdfast serve, or holdfast serve -r REGISTRY. "],
    ["help sav", "  holdfast help save\n"],
    ["help delete", "  holdfast help rm\n"],
    ["ls --limit -1", "hint: "],
    ["save a", `See "holdfast save --help".`],
  ];
  for (const [line, says] of cases) {
    const { code, out, err } = await holdfast(line, HERE);
    assertEquals([code, out], [2, ""], line);
    assert(/^error: .+\nhint: .+\n( {2}holdfast .+\n)?$/.test(err), err);
    assertStringIncludes(err, says);
  }
});

cliTest("errors are one JSON object with --json", async (it) => {
  for (
    const [line, code] of [["ls --json", "NotFound"], ["--json nothing", "Invalid"], [
      "load --json",
      "Invalid",
    ]]
  ) {
    const { out, err } = await it.holdfast(line);
    assertEquals(out, "");
    const { error } = JSON.parse(err);
    assertEquals(error.code, code);
    assert(error.message && error.hint);
  }
});

cliTest("every command except init needs a registry", async (it) => {
  await Deno.writeTextFile(it.root.join("f"), "x");
  const lines = [
    "save a f",
    "load a",
    "ls",
    "versions a",
    "info a",
    "rm a@1 --yes",
    "alias a",
    "alias a b 1",
    "copy a b",
    "download a out",
    "cat a",
    "verify",
    "gc",
    "prune --keep-last 1",
  ];
  for (const line of [...lines, ...lines.map((line) => `${line} --registry ./none`)]) {
    await it.fails(line, 3, "hint: ");
  }
  assertEquals(await filesIn(it.cwd), ["f"]);
});

filledTest("a closed output ends the run quietly", async (it) => {
  const io = captureIo({ cwd: it.root.path });
  const gone = {
    ...io,
    stdout: { isTerminal: false, write: () => Promise.reject(new ReaderGone()) },
  };
  assertEquals(await runCli(["cat", "note"], gone), 0);
  assertEquals(io.errors(), "");
});

filledTest("colors appear only on terminals that allow them", async (it) => {
  const colored = async (
    options: { terminals?: ("stdout" | "stderr")[]; env?: Record<string, string> },
  ) => {
    const { out } = await it.holdfast("ls", { ...options });
    const { err } = await it.holdfast("nonsense", { ...options });
    return [out.includes("\x1b["), err.includes("\x1b[")];
  };
  const terminals = ["stdout", "stderr"] as ("stdout" | "stderr")[];
  assertEquals(await colored({}), [false, false]);
  assertEquals(await colored({ terminals }), [true, true]);
  assertEquals(await colored({ terminals, env: { NO_COLOR: "1" } }), [false, false]);
  assertEquals(await colored({ terminals, env: { TERM: "dumb" } }), [false, false]);
});
