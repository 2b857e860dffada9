// Runs the examples of the documentation, in a folder of their own: what they write is gone
// afterwards. Beside it they find `./examples`, as they would in a clone. All of them run in one
// isolate, which loads the product once. Words are pages or modules: `deno task test:doc docs/files.md`
// runs the examples of one. `deno task ok:written` checks their types.
import { readdirSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "@std/path";
import { REPOSITORY } from "../tests/support/run_deno.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "../tests/support/source_files.ts";
import { tempRoot } from "../tests/support/temp_root.ts";

/** An example: a block of TypeScript or JavaScript that is not marked `ignore`. */
interface Example {
  file: string;
  line: number;
  text: string;
}

const pages = [".", "docs"].flatMap((folder) =>
  readdirSync(join(REPOSITORY, folder)).filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name))
);
const sources = await sourceFiles([...PRODUCT_FOLDERS, "tests"]);
const published = sources.filter((path) =>
  !path.startsWith("tests/") || /^tests\/(conformance|simulate)\//.test(path)
);

await using root = await tempRoot();
await cp(join(REPOSITORY, "examples"), root.join("examples"), { recursive: true });
const files = Deno.args.length > 0 ? Deno.args : ["mod.ts", ...published, ...pages];
const examples = (await Promise.all(files.map(examplesOf))).flat();
const { code } = await new Deno.Command(Deno.execPath(), {
  args: [
    "test",
    "-A",
    "--no-check",
    `--config=${join(REPOSITORY, "deno.json")}`,
    await writeTests(examples),
  ],
  cwd: root.path,
}).spawn().status;
await root.remove();
Deno.exit(code);

/** Reads the examples of a page, or of the comments of a module. */
async function examplesOf(file: string): Promise<Example[]> {
  const text = await readFile(join(REPOSITORY, file), "utf8");
  const page = file.endsWith(".md") ? text : commentsOf(text);
  return Array.from(page.matchAll(/^```(?:ts|js)\n([^]*?)^```$/gm), ({ 1: text = "", index }) => {
    return { file, line: page.slice(0, index).split("\n").length, text };
  });
}

/** The text of the comments, with an empty line for each line of code. */
function commentsOf(source: string): string {
  return source.split("\n").map((line) => /^ *\* ?(.*)$/.exec(line)?.[1] ?? "").join("\n");
}

/** Writes each example as a module, and returns the path of the module with a test that runs each. */
async function writeTests(examples: readonly Example[]): Promise<string> {
  const folder = root.join("tests_of_examples");
  await mkdir(folder);
  const tests = await Promise.all(examples.map(async ({ file, line, text }) => {
    const module = `${file.replaceAll("/", "_")}_${line}.ts`;
    const beside = join(REPOSITORY, dirname(file)); // what an example of a module imports
    await writeFile(join(folder, module), text.replace(/(?<=^import .*")\.\//gm, `${beside}/`));
    return `Deno.test("${file}:${line}", async () => void await import("./${module}"));\n`;
  }));
  const path = join(folder, "examples_test.ts");
  await writeFile(path, tests.join(""));
  return path;
}
