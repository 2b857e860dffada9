// Pages of the guide that show commands and what they print: blocks of ```` ```console ```` whose lines that begin with
// `$ ` are commands. They are run again, one after the other, as one shell would.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { realSystem } from "../../core/system.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { kindsOfShare } from "../support/seeds.ts";

const PAGE = join(REPOSITORY, "docs/first_hour.md");
const BLOCK = /^```console\n([^]*?)^```$/gm;

/** The surroundings of a page's commands. */
export interface TranscriptPlace {
  /** The home, and the folder where the first command begins. What is printed of it is shown as `~`. */
  home: string;
  /** The environment, beside `HOME` and `PATH`: nothing else of this machine is seen. */
  env: Record<string, string>;
  /** Commands that the shell runs first, as in `holdfast() { …; }`. */
  before: string;
  /** A free port, which the service of the page listens on instead of its own. */
  port: number;
}

/** Runs the blocks of commands in a text, and returns it with their current output. */
export async function runTranscript(
  text: string,
  { home, env, before, port }: TranscriptPlace,
): Promise<string> {
  const commands = Array.from(text.matchAll(BLOCK), ([, block]) => commandsOf(block));
  const script = [
    "set -m", // as a terminal does: kill %1 ends all processes of a command
    before,
    "cd ~",
    ...commands.flat().flatMap((command) => [`echo; echo '${MARK}'`, toPort(command, port)]),
  ];
  const child = new Deno.Command("bash", {
    args: ["-c", `exec 2>&1\n${script.join("\n")}\n`],
    clearEnv: true,
    env: { ...env, HOME: home, PATH: realSystem.env("PATH")!, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
  });
  const printed = new TextDecoder().decode((await child.output()).stdout)
    .replaceAll(home, "~").replaceAll(`:${port}`, `:${PORT}`);
  const outputs = printed.split(`\n${MARK}\n`).slice(1);
  let next = 0;
  const blocks = commands.map((block) =>
    block.map((command) => `$ ${command}\n${(outputs[next++] ?? "").replace(/(?<=.)$/, "\n")}`)
      .join("")
  );
  return text.replace(BLOCK, () => "```console\n" + blocks.shift() + "```");
}

/** A transcript without what differs at each run: times, ids, how long something took, what this machine is. */
export function withoutWhatVaries(transcript: string): string {
  return transcript
    .replace(/\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:[\d.]+Z?)?/g, "TIME")
    .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "ID")
    .replace(/\b[\d.]+ ?(ms|s)\b/g, "A WHILE")
    .replace(/\b[\d.]+ GiB free\b/g, "ROOM free")
    .replace(/"ageMs":\d+/g, "AGE")
    .replace(/^programs .*$/gm, "programs")
    // Tables of du and gc have only what was written ten seconds before.
    .replace(/^Not checked: .* no reader needs\n/gm, "")
    .replace(/^\S+ KiB in \d objects, no garbage$/gm, "TOTAL")
    .replace(/ +/g, " ");
}

/** The two parts of the page about the first hour: on Deno, and on Node. */
export async function firstHour(): Promise<[onDeno: string, onNode: string]> {
  const [onDeno, onNode] = (await readFile(PAGE, "utf8")).split(/(?=^## The same on Node$)/m);
  return [onDeno, onNode];
}

/** Puts a part of the page in the place of what it was, where `HOLDFAST_WRITE_PAGES` is set: how the page is made. */
export async function writeFirstHour(parts: { onDeno?: string; onNode?: string }): Promise<void> {
  if (realSystem.env("HOLDFAST_WRITE_PAGES") === undefined) return;
  const [onDeno, onNode] = await firstHour();
  await writeFile(PAGE, (parts.onDeno ?? onDeno) + (parts.onNode ?? onNode));
}

/** Runtimes of the commands of the page about the first hour: in CI Deno one day, Node the next. */
export const FIRST_HOUR_ON = kindsOfShare("first hour", ["Deno", "Node"] as const);

const MARK = "-- the next command --";

/** Returns a port that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

/** The default port of `holdfast serve`. */
const PORT = 8600;

/** A command that serves, or asks, at another port. */
function toPort(command: string, port: number): string {
  return command.replaceAll(`:${PORT}`, `:${port}`).replace("holdfast serve", `$& --port ${port}`);
}

/** The lines of a block that are commands; a line that ends with a backslash goes on in the next. */
function commandsOf(block: string): string[] {
  return Array.from(block.matchAll(/^\$ ((?:.*\\\n)*.*)$/gm), ([, command]) => command);
}
