// The command line of this program, for processes that it starts.
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { SharedOptions } from "./command.ts";

interface DenoRuntime {
  build?: { standalone?: boolean };
  permissions?: { querySync(descriptor: { name: string }): { state: string } };
}

/** The program of the npm package, relative to that of Deno: see `dev/npm.ts`. */
const NPM_PROGRAM = "../bin/holdfast.js";

const PERMISSIONS = ["read", "write", "net", "env", "run", "sys", "ffi", "import"];

/** Returns the program of this process and its first arguments, with the same permissions and extensions. */
export function ownCommand({ extensions = [] }: Pick<SharedOptions, "extensions"> = {}): string[] {
  return [...ownProgram(), ...extensions.flatMap((file) => ["--extension", file])];
}

function ownProgram(): string[] {
  const { Deno } = globalThis as { Deno?: DenoRuntime };
  if (Deno?.build?.standalone) return [process.execPath];
  const extension = /\.\w+$/.exec(import.meta.url)?.[0] ?? ".ts";
  const { href } = new URL(`../../cli${extension}`, import.meta.url);
  if (Deno === undefined) {
    return [process.execPath, ...process.execArgv, fileURLToPath(new URL(NPM_PROGRAM, href))];
  }
  const granted = PERMISSIONS.filter((name) =>
    Deno.permissions?.querySync({ name }).state === "granted"
  );
  const flags = granted.length === PERMISSIONS.length
    ? ["--allow-all"]
    : granted.map((name) => `--allow-${name}`);
  return [process.execPath, "run", "--quiet", "--no-prompt", ...flags, href];
}
