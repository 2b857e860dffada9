// The command line of this program, for processes that it starts.
import process from "node:process";
import { fileURLToPath } from "node:url";

interface DenoRuntime {
  build?: { standalone?: boolean };
  permissions?: { querySync(descriptor: { name: string }): { state: string } };
}

/** The program of the npm package, relative to that of Deno: see `dev/npm.ts`. */
const NPM_PROGRAM = "../bin/holdfast.js";

const PERMISSIONS = ["read", "write", "net", "env", "run", "sys", "ffi", "import"];

/** Returns the program of this process and its first arguments, with the same permissions. */
export function ownCommand(): string[] {
  const { Deno } = globalThis as { Deno?: DenoRuntime };
  if (Deno?.build?.standalone) return [process.execPath];
  const extension = /\.\w+$/.exec(import.meta.url)?.[0] ?? ".ts";
  const { href } = new URL(`..${extension}`, import.meta.url);
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
