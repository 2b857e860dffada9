// Decides whether CI runs the tests of the explorer in Chromium: if what they load has changed since
// they last passed on this machine, or if that was over a day ago.
//
// `digest` prints the digest of what they load. `unchanged NOTE DIGEST` prints when they passed, and
// fails if they must run. `passed NOTE DIGEST` writes the note.
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "@std/path";
import { realSystem } from "../core/system.ts";
import { inputFiles, INPUTS } from "../explorer/build.ts";
import { CHROMIUM } from "../explorer/tests/support/browser.ts";
import { REPOSITORY } from "../tests/support/run_deno.ts";

/** The page, its service, and the tests. A change below the service is tried once a day. */
export const LOADED: readonly string[] = [
  ...INPUTS.filter((path) => !path.startsWith("explorer/") && !path.startsWith("apps/server/")),
  "apps/server",
  "explorer",
  "tests/support",
];

const DAY_MS = 24 * 3600_000;

/** A green run of the tests. */
export interface GreenRun {
  digest: string;
  /** Milliseconds since 1970. */
  time: number;
}

/** Returns true if the tests passed on the same files less than a day ago. */
export function isUnchanged(last: GreenRun | undefined, digest: string, now: number): boolean {
  return last?.digest === digest && last.time <= now && now - last.time < DAY_MS;
}

/** Returns the digest of what the tests load, with the versions of Deno and Chromium. */
export async function digestOfLoaded(): Promise<string> {
  const digest = createHash("sha256").update(`${Deno.version.deno} ${await chromiumVersion()}`);
  for (const path of await inputFiles(LOADED)) {
    if (path === "apps/server/explorer/bundle.ts") continue; // built of the others
    digest.update(`\0${path}\0`).update(await readFile(join(REPOSITORY, path)));
  }
  return digest.digest("hex");
}

async function chromiumVersion(): Promise<string> {
  if (CHROMIUM === undefined) return "none";
  const { stdout } = await new Deno.Command(CHROMIUM, { args: ["--version"] }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** Returns the last green run; undefined if there is none. */
export async function readGreenRun(note: string): Promise<GreenRun | undefined> {
  try {
    return JSON.parse(await readFile(note, "utf8"));
  } catch {
    return undefined;
  }
}

/** Writes the note of a green run. */
export async function noteGreenRun(note: string, run: GreenRun): Promise<void> {
  await mkdir(dirname(note), { recursive: true });
  await writeFile(note, JSON.stringify(run));
}

async function main([command, note = "", digest = ""]: readonly string[]): Promise<number> {
  const now = realSystem.now();
  if (command === "digest") {
    console.log(await digestOfLoaded());
  } else if (command === "passed") {
    await noteGreenRun(note, { digest, time: now });
  } else if (command === "unchanged") {
    const last = await readGreenRun(note);
    if (last === undefined || !isUnchanged(last, digest, now)) return 1;
    const [part, time] = [digest.slice(0, 12), new Date(last.time).toISOString()];
    console.log(
      `Chromium tests of the explorer: skipped, unchanged since ${part} passed at ${time}`,
    );
  } else throw new Error("Cannot look up the tests in Chromium: say digest, unchanged or passed");
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
