// The files of the page. A published package has them in a module; a clone builds them.
import type { ChildProcessByStdio } from "node:child_process";
import process from "node:process";
import type { Readable } from "node:stream";
import { type RegistryError, unsupported } from "../../../core/errors.ts";
import { builtinModule, isGranted } from "../../../core/system.ts";

/** Texts by the name of their file. */
export type PageFiles = Readonly<Record<string, string>>;

let files: Promise<PageFiles> | undefined;

/**
 * Returns the files of the page. In a clone, the first call builds them after each change of their
 * sources, and says so on stderr.
 *
 * @throws {RegistryError} `Unsupported` if this program has no page and cannot build it
 */
export function pageFiles(): Promise<PageFiles> {
  files ??= readFiles().catch((error) => {
    files = undefined;
    throw error;
  });
  return files;
}

async function readFiles(): Promise<PageFiles> {
  const builder = builderOf(import.meta.url);
  if (builder !== undefined && isGranted({ name: "run", command: process.execPath })) {
    return JSON.parse(await runBuilder(builder));
  }
  try {
    // @ts-ignore: `deno task explorer` writes it, so a clone may not have it
    const { BUNDLE }: { BUNDLE: PageFiles } = await import("./bundle.ts");
    return BUNDLE;
  } catch (cause) {
    const state = builder === undefined
      ? "this program was made without it"
      : "it is not built, and running Deno is not granted";
    throw failure("load", state, cause);
  }
}

/** Returns the path of the builder in a clone; undefined in a package, a bundle and a binary. */
function builderOf(url: string): string | undefined {
  if (!/^file:.*\/apps\/server\/explorer\/page_files\.ts$/.test(url)) return undefined;
  const fs = builtinModule<typeof import("node:fs")>("node:fs");
  const { fileURLToPath } = builtinModule<typeof import("node:url")>("node:url")!;
  const path = fileURLToPath(new URL("../../../explorer/build.ts", url));
  return fs?.existsSync(path) ? path : undefined;
}

async function runBuilder(path: string): Promise<string> {
  const { spawn } = builtinModule<typeof import("node:child_process")>("node:child_process")!;
  const child = spawn(process.execPath, ["run", "-A", path, "--print"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  try {
    const [text, code] = await Promise.all([readAll(child), ended]);
    if (code === 0) return text;
  } catch (cause) {
    throw failure("build", (cause as Error).message, cause);
  }
  throw failure("build", "its build failed, for the reason on stderr");
}

async function readAll({ stdout }: ChildProcessByStdio<null, Readable, null>): Promise<string> {
  let text = "";
  for await (const part of stdout.setEncoding("utf8")) text += part;
  return text;
}

function failure(action: "build" | "load", state: string, cause?: unknown): RegistryError {
  const hint = "In the clone of Holdfast, run: deno task explorer";
  return unsupported(action, "the page of the explorer", state, { hint, cause });
}
