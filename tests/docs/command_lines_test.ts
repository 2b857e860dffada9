// Each command line of the documentation is one that the program parses.
import { assert, assertEquals } from "@std/assert";
import { runProgram } from "../../apps/cli/program/program.ts";
import { captureIo } from "../apps/captured_io.ts";
import { COMMAND_TABLE } from "../apps/run_cli.ts";
import { REPOSITORY } from "../support/run_deno.ts";

/** Text names a command without its arguments, as in "`holdfast runs finish` saves the run". */
const PARTIAL = /missing required argument|argument missing/;
/** Lines that pages show as mistakes, or that stand for several. */
const MISTYPED = new Set(["lod trips:config", "help GROUP", "batch save\\|load MANIFEST"]);

/** Words of a shell, up to a comment, a pipe, a redirection or the end of the command. */
const WORD =
  /(?:[^\s'"#;|&<>()\\]|(?<=\S)#|\\.|'[^']*'|"(?:[^"\\]|\\.)*"|[<>](?=[\w.…]*>)|(?<!&)&(?=[^\s&]))+/y;

function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (let at = 0; at < line.length;) {
    WORD.lastIndex = at;
    const word = WORD.exec(line)?.[0];
    if (word === undefined) break;
    words.push(word.replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g, "$1$2$3"));
    at += word.length + /^\s*/.exec(line.slice(at + word.length))![0].length;
  }
  return words;
}

async function linesOf(path: string): Promise<string[]> {
  const text = await Deno.readTextFile(`${REPOSITORY}/${path}`);
  const blocks = [...text.matchAll(/^ *```(?:sh|console)\n([^]*?)^ *```/gm)].map(([, block = ""]) =>
    block
  );
  const inBlocks = blocks.flatMap((block) => block.replace(/\\\n\s*/g, "").split("\n"))
    .flatMap((line) => /^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*holdfast (.*)$/.exec(line)?.[1] ?? []);
  // In text, `…` stands for something else, and a group of commands for all of them.
  const inText = [...text.replace(/^ *```[^]*?^ *```/gm, "").matchAll(/`holdfast ([^`\n]+)`/g)]
    .map(([, line = ""]) => line).filter((line) => line.includes(" ") && !line.includes("…"));
  return [...inBlocks, ...inText];
}

Deno.test("each command line of the documentation is parsed", async () => {
  const commands = await COMMAND_TABLE.load();
  const pages = await Array.fromAsync(
    Deno.readDir(`${REPOSITORY}/docs`),
    ({ name }) => `docs/${name}`,
  );
  const wrong: string[] = [];
  let count = 0;
  for (const page of ["README.md", ...pages.filter((page) => page.endsWith(".md")).sort()]) {
    for (const line of await linesOf(page)) {
      const io = captureIo({ cwd: REPOSITORY });
      count++;
      await runProgram(wordsOf(line), {
        commands,
        groups: COMMAND_TABLE.groups,
        io,
        version: "0.0.0",
        run: () => Promise.resolve(0),
      }).catch(({ message }) => {
        if (!PARTIAL.test(message) && !MISTYPED.has(line)) {
          wrong.push(`${page}: ${line}: ${message}`);
        }
      });
    }
  }
  assert(count > 300, `${count} lines`);
  assertEquals(wrong, []);
});
