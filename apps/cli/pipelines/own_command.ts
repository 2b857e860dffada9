// How another process calls this program.
import process from "node:process";
import { fileURLToPath } from "node:url";

interface DenoRuntime {
  build?: { standalone?: boolean };
  permissions?: { querySync(descriptor: { name: string }): { state: string } };
}

/** The program of the npm package, from that of Deno: see `dev/npm.ts`. */
const NPM_PROGRAM = "../bin/holdfast.js";

const PERMISSIONS = ["read", "write", "net", "env", "run", "sys", "ffi", "import"];

/** Program and first arguments; the child may do what this process may do wholly, and nothing else. */
export function ownCommand(): string[] {
  const { Deno } = globalThis as { Deno?: DenoRuntime };
  if (Deno?.build?.standalone) return [process.execPath];
  const { href } = new URL(
    `../../cli${/\.\w+$/.exec(import.meta.url)?.[0] ?? ".ts"}`,
    import.meta.url,
  );
  if (Deno === undefined) {
    return [process.execPath, ...process.execArgv, fileURLToPath(new URL(NPM_PROGRAM, href))];
  }
  return [process.execPath, "run", "--quiet", "--no-prompt", ...permissionFlags(Deno), href];
}

function permissionFlags({ permissions }: DenoRuntime): string[] {
  const granted = PERMISSIONS.filter((name) =>
    permissions?.querySync({ name }).state === "granted"
  );
  return granted.length === PERMISSIONS.length
    ? ["--allow-all"]
    : granted.map((name) => `--allow-${name}`);
}
