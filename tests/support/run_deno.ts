// The product's programs as processes of their own, with the permissions that a user would give.
import { fromFileUrl, join } from "@std/path";

export const REPOSITORY = fromFileUrl(new URL("../../", import.meta.url));

const ALL = ["-A", "--allow-all"];

/**
 * Programs load a module when they import it, not all that they name: a tenth less for most.
 * They must have all permissions, for a module that is loaded later is read as any file.
 */
export const LOADS_LATE = "--unstable-lazy-dynamic-imports";

export interface RunDenoOptions {
  /** Flags before the program, as in `["--allow-read=."]`; a missing one fails, it does not ask. @default [] */
  permissions?: string[];
  /** Additional environment variables. @default {} */
  env?: Record<string, string>;
  /** The working folder. @default the root of the repository */
  cwd?: string;
  /** Its standard input. @default nothing */
  stdin?: string | Uint8Array;
}

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs another command of Deno in the repository, as in `["check", "mod.ts"]`. */
export async function runDenoCommand(
  args: string[],
  { env = { NO_COLOR: "1" } }: Pick<RunDenoOptions, "env"> = {},
): Promise<Ran> {
  const command = new Deno.Command(Deno.execPath(), { args, cwd: REPOSITORY, env });
  return decoded(await command.output());
}

/** The same; throws where it fails. */
export async function denoSucceeds(
  args: string[],
  options?: Pick<RunDenoOptions, "env">,
): Promise<Ran> {
  const ran = await runDenoCommand(args, options);
  if (ran.code === 0) return ran;
  const state = `it ended with code ${ran.code}\n${ran.stdout}${ran.stderr}`;
  throw new Error(`Cannot run deno ${args[0]}: ${state}`);
}

/**
 * Runs a program of the repository to its end.
 *
 * @param program path below the root, or absolute
 */
export async function runDeno(
  program: string,
  args: string[],
  options: RunDenoOptions = {},
): Promise<Ran> {
  const child = spawnDeno(program, args, options);
  const writer = child.stdin.getWriter();
  const { stdin = "" } = options;
  // A program that ends without reading closes the pipe; its exit code tells the story.
  const feeding = writer.write(typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin)
    .then(() => writer.close()).catch(() => {});
  const ran = decoded(await child.output());
  await feeding;
  return ran;
}

export function spawnDeno(
  program: string,
  args: string[],
  options: RunDenoOptions = {},
): Deno.ChildProcess {
  const { permissions = [], env = {}, cwd = REPOSITORY } = options;
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      `--config=${join(REPOSITORY, "deno.json")}`,
      ...permissions,
      ...permissions.some((flag) => ALL.includes(flag)) ? [LOADS_LATE] : [],
      join(program.startsWith("/") ? "" : REPOSITORY, program),
      ...args,
    ],
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

function decoded({ code, stdout, stderr }: Deno.CommandOutput): Ran {
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
