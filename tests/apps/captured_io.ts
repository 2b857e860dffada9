// The outside of a command line as a test writes it, and what it said.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { rmSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "@std/path";
import { runCli } from "./run_cli.ts";
import type { CliIo } from "../../apps/cli/terminal/cli_io.ts";
import { bytesStream, concatBytes } from "../../core/bytes/bytes.ts";
import { realSystem, type System } from "../../core/system.ts";
import { sampleBytes } from "../conformance/backend/samples.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";

/** The world outside the program. */
export interface CapturedIoOptions {
  /** The current folder. */
  cwd: string;
  /** The content of standard input. @default "x" */
  stdin?: string | Uint8Array;
  /** Which streams are terminals. @default none */
  terminals?: ("stdin" | "stdout" | "stderr")[];
  /** Width of the terminals. @default 80 */
  columns?: number;
  /** @default {} */
  env?: Record<string, string>;
  /** @default the real one with the environment above */
  system?: System;
  /** Stops the run. */
  signal?: AbortSignal;
}

/** An outside that remembers. */
export interface CapturedIo extends CliIo {
  /** Standard output so far. */
  output(): Uint8Array;
  /** Standard error so far. */
  errors(): string;
}

/** Makes an outside. */
export function captureIo(options: CapturedIoOptions): CapturedIo {
  const { cwd, stdin = "x", terminals = [], columns = 80, env = {} } = options;
  const written: Record<"stdout" | "stderr", Uint8Array[]> = { stdout: [], stderr: [] };
  const output = (name: "stdout" | "stderr") => ({
    isTerminal: terminals.includes(name),
    columns: terminals.includes(name) ? columns : undefined,
    write: (data: string | Uint8Array) => {
      written[name].push(typeof data === "string" ? new TextEncoder().encode(data) : data.slice());
      return Promise.resolve();
    },
  });
  return {
    stdin: {
      isTerminal: terminals.includes("stdin"),
      stream: () =>
        bytesStream(typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin),
    },
    stdout: output("stdout"),
    stderr: output("stderr"),
    cwd,
    system: options.system ??
      { ...realSystem, env: (name) => env[name], envNames: () => Object.keys(env) },
    signal: options.signal ?? new AbortController().signal,
    output: () => concatBytes(written.stdout),
    errors: () => new TextDecoder().decode(concatBytes(written.stderr)),
  };
}

/** The outcome of a run. */
export interface CliRun {
  /** Its exit code. */
  code: number;
  /** Standard output as text. */
  out: string;
  /** Standard output as bytes. */
  bytes: Uint8Array;
  /** Standard error. */
  err: string;
}

/** Runs a command line, given as words or as one text without quotes, in a folder. */
export async function holdfast(
  line: string | string[],
  options: CapturedIoOptions,
): Promise<CliRun> {
  const io = captureIo(options);
  const code = await runCli(
    typeof line === "string" ? line.split(" ").filter((word) => word !== "") : line,
    io,
  );
  const bytes = io.output();
  return { code, out: new TextDecoder().decode(bytes), bytes, err: io.errors() };
}

/** Runs a command line that must succeed; returns its standard output. */
export async function succeeds(
  line: string | string[],
  options: CapturedIoOptions,
): Promise<string> {
  const { code, out, err } = await holdfast(line, options);
  if (code !== 0) throw new Error(`holdfast ${line}: exit code ${code}\n${err}`);
  return out;
}

/** A registry in `<cwd>/.holdfast` with some artifacts: `note` (text), `config` (JSON, 2 versions), `data:raw` (a folder). */
export async function fillRegistry(cwd: string): Promise<void> {
  await Deno.mkdir(join(cwd, "data/inner"), { recursive: true });
  await Deno.writeTextFile(join(cwd, "data/a.csv"), "1,2\n");
  await Deno.writeTextFile(join(cwd, "data/inner/b.bin"), "\u0000\u0001");
  await succeeds("init", { cwd });
  await succeeds("save note - --as text", { cwd, stdin: "hello" });
  await succeeds("save config - --as json", { cwd, stdin: `{"lr":0.1}` });
  await succeeds("save config - --as json -a production -m epochs:=3 -m by=ann", {
    cwd,
    stdin: `{"lr":0.2}`,
  });
  await succeeds("save data:raw data --input config@1", { cwd });
}

/** Bytes without a pattern, the same each time. */
export function noise(length: number): Uint8Array {
  return sampleBytes(length, 7);
}

/** The tools of a test of commands. */
export interface CliTest {
  /** A folder, in which the commands run. */
  root: Awaited<ReturnType<typeof tempRoot>>;
  /** Its path. */
  cwd: string;
  holdfast(line: string | string[], options?: Partial<CapturedIoOptions>): Promise<CliRun>;
  succeeds(line: string | string[], options?: Partial<CapturedIoOptions>): Promise<string>;
  /** Runs a command that must succeed and print exactly this. */
  prints(line: string | string[], out: string, options?: Partial<CapturedIoOptions>): Promise<void>;
  /** Runs a command that must succeed and print this among other things. */
  tells(line: string | string[], part: string, options?: Partial<CapturedIoOptions>): Promise<void>;
  /** Runs a command that must end with this code, and say this on standard error. */
  fails(
    line: string | string[],
    code: number,
    part?: string,
    options?: Partial<CapturedIoOptions>,
  ): Promise<void>;
  /** Runs a command that must succeed, and parses its output as JSON. */
  // deno-lint-ignore no-explicit-any
  json(line: string | string[], options?: Partial<CapturedIoOptions>): Promise<any>;
  /** The same for output of one JSON object per line. */
  // deno-lint-ignore no-explicit-any
  jsonLines(line: string | string[], options?: Partial<CapturedIoOptions>): Promise<any[]>;
  /** Runs commands, one after the other. */
  each(lines: readonly CliLine[], options?: Partial<CapturedIoOptions>): Promise<void>;
}

/** A command, its exit code, and what it says, on either stream. */
export type CliLine = [line: string | string[], code: number, ...says: (string | RegExp)[]];

/** A test of commands in an empty folder. */
export function cliTest(
  name: string,
  run: (at: CliTest) => Promise<void>,
  { ignore = false }: { ignore?: boolean } = {},
): void {
  const fn = async () => {
    await using root = await tempRoot();
    const { path: cwd } = root;
    const at: CliTest = {
      root,
      cwd,
      holdfast: (line, options) => holdfast(line, { cwd, ...options }),
      succeeds: (line, options) => succeeds(line, { cwd, ...options }),
      json: async (line, options) => JSON.parse(await at.succeeds(line, options)),
      async jsonLines(line, options) {
        return (await at.succeeds(line, options)).trim().split("\n").map((row) => JSON.parse(row));
      },
      async prints(line, out, options) {
        assertEquals(await at.succeeds(line, options), out, String(line));
      },
      async tells(line, part, options) {
        assertStringIncludes(await at.succeeds(line, options), part, String(line));
      },
      async fails(line, expected, part, options) {
        const { code, err } = await at.holdfast(line, options);
        assertEquals(code, expected, `${line}: ${err}`);
        assertStringIncludes(err, part ?? "", String(line));
      },
      async each(lines, options) {
        for (const [line, expected, ...says] of lines) {
          const { code, out, err } = await at.holdfast(line, options);
          assertEquals(code, expected, `${line}: ${err}`);
          for (const part of says) {
            const isSaid = typeof part === "string"
              ? (out + err).includes(part)
              : part.test(out + err);
            assert(isSaid, `${line} says no ${part}:\n${out}${err}`);
          }
        }
      },
    };
    await run(at);
  };
  Deno.test({ name, ignore, fn });
}

/** The folder of {@linkcode fillRegistry}, which is made once for the tests of an isolate. */
let filled: Promise<TempRoot> | undefined;

async function makeFilled(): Promise<TempRoot> {
  const root = await tempRoot();
  globalThis.addEventListener("unload", () => rmSync(root.path, { recursive: true }));
  await fillRegistry(root.path);
  return root;
}

/** A test of commands in a folder with a copy of the registry of {@linkcode fillRegistry}. */
export function filledTest(name: string, run: (at: CliTest) => Promise<void>): void {
  cliTest(name, async (at) => {
    const { path } = await (filled ??= makeFilled());
    await cp(path, at.cwd, { recursive: true, preserveTimestamps: true });
    await run(at);
  });
}

/** The sorted names of the entries of a folder. */
export async function filesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
}

/** Starts `holdfast serve` in a folder, and waits until it says where it is. */
export function serving(cwd: string, ...args: string[]) {
  return keepsRunning(["serve", "--port", "0", ...args], { cwd });
}

/** Starts a command that runs until it is stopped, and waits for its first output. */
export async function keepsRunning(args: string[], options: CapturedIoOptions) {
  const stopping = new AbortController();
  const io = captureIo({ ...options, signal: stopping.signal });
  const said = Promise.withResolvers<string>();
  const stdout = {
    ...io.stdout,
    write: (data: string | Uint8Array) => Promise.resolve(said.resolve(String(data))),
  };
  const ended = runCli(args, { ...io, stdout });
  void ended.then((code) => said.reject(new Error(`ended with ${code}: ${io.errors()}`)));
  return { line: (await said.promise).trim(), io, stop: () => stopping.abort(), ended };
}
