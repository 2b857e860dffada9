// Extensions that a line or the user's own configuration names, and none that anything else names.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { VERSION } from "../../../../apps/holdfast_version.ts";
import { runCli } from "../../../../apps/cli/run_cli.ts";
import { Interruption } from "../../../../apps/cli/terminal/exit_code.ts";
import { captureIo, holdfast } from "../../captured_io.ts";
import { type TempRoot, tempRoot } from "../../../support/temp_root.ts";

const IMPORTS = `import { defineExtension } from "@holdfast/holdfast/extending";
import { defineCommand } from "@holdfast/holdfast/extending/cli";
const command = (name: string) => () =>
  defineCommand({
    name,
    summary: "Say hello.",
    args: [],
    options: [],
    examples: [],
    run: (_args, _flags, context) => context.result({ name }, "Hello of " + name),
  });
`;

/** A folder with modules, and a home with a configuration. */
class World {
  readonly #root: TempRoot;
  readonly cwd: string;
  readonly configuration: string;

  constructor(root: TempRoot) {
    this.#root = root;
    this.cwd = root.join("work");
    this.configuration = root.join("home/.config/holdfast/config.json");
  }

  async write(path: string, text: string): Promise<void> {
    const at = this.#root.join(path);
    await mkdir(join(at, ".."), { recursive: true });
    await writeFile(at, text, { mode: 0o644 });
  }

  /** Writes a module with an extension. */
  async extension(path: string, members: string, before = ""): Promise<void> {
    const text = `${IMPORTS}${before}export const extension = defineExtension({ ${members} });\n`;
    await this.write(path, text);
  }

  async configure(extensions: unknown): Promise<void> {
    const text = JSON.stringify({ registries: {}, extensions });
    await this.write("home/.config/holdfast/config.json", text);
  }

  async run(line: string | string[]) {
    const env = { HOME: this.#root.join("home") };
    return await holdfast(line, { cwd: this.cwd, env });
  }
}

async function world(): Promise<World & AsyncDisposable> {
  const root = await tempRoot();
  const made = new World(root);
  await mkdir(made.cwd, { recursive: true });
  return Object.assign(made, { [Symbol.asyncDispose]: () => root.remove() });
}

const HELLO = 'name: "hello", commands: [{ load: { hello: command("hello") } }]';

Deno.test("the option before a command loads an extension with its commands", async () => {
  await using it = await world();
  await it.extension("work/mine.ts", HELLO);
  assertEquals((await it.run("--extension ./mine.ts hello")).out, "Hello of hello\n");
  assertEquals((await it.run("--json --extension=mine.ts hello")).out, '{"name":"hello"}\n');
  assertStringIncludes((await it.run("--extension mine.ts --help")).out, "extensions  hello\n");
  const { out } = await it.run("--extension mine.ts help extensions");
  assertStringIncludes(out, "Commands of your extensions:\n  hello  Say hello.\n");
  const typed = ["__complete", "--shell", "fish", "--", "--extension", "mine.ts", "hel"];
  assertEquals((await it.run(typed)).out, "help\nhello\n".replace("help\n", ""));
  const wrong = await it.run("--extension ./mine.ts helo");
  assertStringIncludes(wrong.err, `  holdfast --extension ${join(it.cwd, "mine.ts")} hello\n`);
});

Deno.test("behind the command the option loads nothing", async () => {
  await using it = await world();
  await it.extension("work/mine.ts", HELLO, 'throw new Error("it ran");\n');
  for (const line of ["hello --extension mine.ts", "ls --extension=mine.ts"]) {
    const { code, err } = await it.run(line);
    assertEquals(code, 2);
    assertStringIncludes(err, "hint: Write it before the command: holdfast --extension");
  }
});

Deno.test("the configuration of the user loads extensions by paths from its folder", async () => {
  await using it = await world();
  await it.extension("home/.config/holdfast/mine.ts", HELLO);
  await it.configure(["./mine.ts"]);
  assertEquals((await it.run("hello")).out, "Hello of hello\n");
  const again = ["--extension", join(it.configuration, "../mine.ts"), "hello"];
  assertEquals((await it.run(again)).out, "Hello of hello\n");
});

Deno.test("a configuration that cannot be followed fails commands, but not those that fix it", async () => {
  await using it = await world();
  await it.run("init");
  await it.configure(["./gone.ts"]);
  const { code, err } = await it.run("ls");
  assertEquals(code, 3);
  assertMatch(err, /no such file: .*gone\.ts\nhint: Fix "extensions" in .*config\.json\./);
  for (const line of ["--help", "help", "doctor --no-probe", "remote ls", "ls --help"]) {
    const { code, err } = await it.run(line);
    assertEquals([code, err.includes("warning: Cannot load extension")], [0, true], line);
  }
  assertEquals(await it.run("--version"), { ...await it.run("-V"), out: `${VERSION}\n`, err: "" });
  await it.configure("./mine.ts");
  assertStringIncludes((await it.run("ls")).err, '"extensions" is not a list of paths');
});

Deno.test("a configuration that others can write loads nothing", async () => {
  await using it = await world();
  await it.extension("home/.config/holdfast/mine.ts", HELLO, 'throw new Error("it ran");\n');
  await it.configure(["./mine.ts"]);
  await chmod(it.configuration, 0o666);
  const { code, err } = await it.run("ls");
  assertEquals(code, 6);
  assertStringIncludes(err, "other users can write to");
});

Deno.test("neither a registry nor the current folder names an extension", async () => {
  await using it = await world();
  await it.run("init");
  await it.extension("work/mine.ts", HELLO, 'throw new Error("it ran");\n');
  const named = '{ "extensions": ["../mine.ts", "./mine.ts"] }';
  for (const file of [".holdfast/config.json", "config.json", "holdfast.json", "deno.json"]) {
    await it.write(`work/${file}`, named);
  }
  await it.write("work/.env", "HOLDFAST_EXTENSIONS=./mine.ts\nHOLDFAST_EXTENSION=./mine.ts\n");
  await it.run("save config config.json");
  for (const line of ["ls", "load config", "--help", "rules ls"]) {
    const { code, err } = await it.run(line);
    assertEquals([code, /ran|warning/.test(err)], [0, false], err);
  }
});

/** Modules that are refused, the code of the exit, and words of the error and its hint. */
const REFUSED: Record<string, [members: string, code: number, says: RegExp]> = {
  "a name of a built-in one": ['name: "hub"', 2, /another extension has the name "hub"/],
  "a name of two words": ['name: "my own"', 2, /its name is "my own"\nhint: Name it by one word/],
  "no name": ["", 2, /option name is missing/],
  "a mistyped member": ['name: "x", comands: []', 2, /unknown option comands: did you mean comm/],
  "commands without a list": ['name: "x", commands: {}', 2, /not a list of \{ load \}.*\nhint: Wr/],
  "a command that is there": [
    'name: "x", commands: [{ load: { ls: command("ls") } }]',
    2,
    /its command "ls" exists in Holdfast\nhint: Choose another name, such as "x ls"\./,
  ],
  "a command in a group of others": [
    'name: "x", commands: [{ load: { "rules mine": command("rules mine") } }]',
    2,
    /its command "rules mine" exists/,
  ],
  "a group named as a command": [
    'name: "x", commands: [{ load: { pipeline: command("pipeline") } }]',
    2,
    /its command "pipeline" exists/,
  ],
  "a later release": ['name: "x", holdfast: ">=99"', 1, /it is for Holdfast >=99, and this is/],
  "an invalid range": [
    'name: "x", holdfast: "soon"',
    2,
    /mine\.ts: its range is "soon"/,
  ],
};

for (const [title, [members, code, says]] of Object.entries(REFUSED)) {
  Deno.test(`an extension with ${title} is refused`, async () => {
    await using it = await world();
    await it.extension("work/mine.ts", members.replace(/^$/, "...{} as { name: string }"));
    const ran = await it.run("--extension mine.ts hello");
    assertEquals([ran.code, ran.out], [code, ""], ran.err);
    assertMatch(ran.err, /^error: Cannot .*mine\.ts|^error: Cannot/);
    assertMatch(ran.err, says);
  });
}

for (const code of ["'1'", "1.5", "256", "-1", "NaN", "{}"]) {
  Deno.test(`a command that returns the exit code ${code} has failed`, async () => {
    await using it = await world();
    const returning = IMPORTS.replace(/run: .*,/, `run: () => Promise.resolve(${code} as number),`);
    const text = `export const extension = defineExtension({ ${HELLO} });\n`;
    await it.write("work/mine.ts", returning + text);
    const { code: exited, err } = await it.run("--extension mine.ts hello");
    assertEquals(exited, 1, err);
    assertMatch(err, /Cannot run hello: its exit code is .*\nhint: Return a whole number/);
  });
}

const OTHER_COPY = (release: string) =>
  `export const extension = { name: "x", [Symbol.for("holdfast.release")]: "${release}" };\n`;

/** Modules without an extension of this copy of Holdfast. */
const NONE: Record<string, [text: string, says: RegExp]> = {
  "nothing": ["", /it exports nothing, and no `extension`\nhint: Write: export const extension/],
  "another export": ["export default {};", /it exports default, and no `extension`/],
  "an object": ['export const extension = { name: "x" };', /defineExtension has not defined its/],
  "one of another release": [OTHER_COPY("0.0.9"), /it imports Holdfast 0\.0\.9, and this program/],
  "one of another copy": [OTHER_COPY(VERSION), /it imports another copy of Holdfast, and this/],
  "a mistake": ["const = 3;", /^error: Cannot load extension of .*mine\.ts: .*\nhint: Check it/],
  "an import that this release lacks": [
    'import { nothing } from "@holdfast/holdfast/extending";\nnothing;',
    /does not provide an export named 'nothing'.*\nhint: This is Holdfast/,
  ],
  "an import that its own module lacks": [
    'import { nothing } from "./mine.ts";\nnothing;',
    /does not provide an export named 'nothing'.*\nhint: Check it alone/,
  ],
  "a failure": ['throw new Error("no luck");', /mine\.ts: no luck\nhint: Check it alone/],
};

for (const [title, [text, says]] of Object.entries(NONE)) {
  Deno.test(`a module with ${title} is refused`, async () => {
    await using it = await world();
    await it.write("work/mine.ts", text);
    const ran = await it.run("--extension mine.ts hello");
    assertEquals(ran.out, "");
    assertMatch(ran.err, says);
  });
}

Deno.test("a folder is not a module, and not missing either", async () => {
  await using it = await world();
  await it.extension("work/cards/mine.ts", 'name: "cards"');
  const { code, err } = await it.run("--extension cards ls");
  assertEquals(code, 3);
  assertMatch(err, /not a file: .*cards\nhint: Pass the path of a module/);
});

Deno.test("a package is loaded by a module that exports it", async () => {
  await using it = await world();
  for (const module of ["npm:@acme/cards", "jsr:@acme/cards", "https://acme.example/cards.ts"]) {
    const { code, err } = await it.run(["--extension", module, "ls"]);
    assertEquals(code, 2);
    assertStringIncludes(err, `pass its path: export { extension } from "${module}"`);
  }
  for (const line of ["--extension", "--extension --json ls", "--extension= ls"]) {
    assertStringIncludes((await it.run(line)).err, "--extension <file> has no file");
  }
});

Deno.test("a command that is not what its name says is refused when it is called", async () => {
  await using it = await world();
  const load = '{ hello: command("hallo"), none: () => undefined as never }';
  await it.extension("work/mine.ts", `name: "x", commands: [{ load: ${load} }]`);
  assertMatch((await it.run("--extension mine.ts hello")).err, /the command has the name "hallo"/);
  assertMatch((await it.run("--extension mine.ts none")).err, /its function returns no command/);
});

Deno.test("an option of a command that another extension has is refused", async () => {
  await using it = await world();
  const serving = 'serving: { options: [{ flags: "--port <port>", text: "a port" }] }';
  await it.extension("work/mine.ts", `name: "x", ${serving}`);
  const { code, err } = await it.run("--extension mine.ts serve");
  assertEquals(code, 2);
  assertStringIncludes(err, "Cannot read the options of serve: two options of it are --port\n");
});

Deno.test("two extensions stand beside each other, and share no name", async () => {
  await using it = await world();
  await it.extension("work/a.ts", HELLO);
  await it.extension("work/b.ts", 'name: "b", commands: [{ load: { b: command("b") } }]');
  await it.extension("work/c.ts", 'name: "c", commands: [{ load: { hello: command("hello") } }]');
  const both = await it.run("--extension a.ts --extension b.ts help extensions");
  assertMatch(both.out, /hello {2}Say hello\.\n {2}b {6}Say hello\./);
  const { err } = await it.run("--extension a.ts --extension c.ts hello");
  assertStringIncludes(err, 'its command "hello" exists');
});

Deno.test("an interrupt ends a line whose extension never ends to load", async () => {
  await using root = await tempRoot();
  const file = root.join("slow.ts");
  await writeFile(file, "export const extension = new Promise(() => {});\n");
  const signal = AbortSignal.abort(new Interruption("SIGINT"));
  const io = captureIo({ cwd: root.join("."), signal });
  assertEquals(await runCli(["--extension", file, "ls"], io, { extensions: [] }), 130);
});
