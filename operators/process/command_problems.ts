// What went wrong with a command, and what to do about it.
import { fault, messageOf, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { EXIT_CODES, type ExitCode } from "../contract/operator.ts";

export function programProblem(): RegistryError {
  return fault({
    code: "Invalid",
    action: "run a command",
    state: "it is empty",
    hint: "Return program and arguments from command(), or give a start command.",
  });
}

export function folderProblem(cwd: string): RegistryError {
  return fault({
    code: "Unsupported",
    action: "run a command in",
    subject: shown(cwd),
    state: "there is no such folder",
    hint: "Make the folder, or correct where the step runs.",
  });
}

export function startProblem(program: string, cause: unknown): RegistryError {
  const { code } = cause as { code?: unknown };
  const missing = code === "ENOENT";
  return fault({
    code: missing
      ? "Unsupported"
      : code === "EAGAIN" || code === "ENOMEM"
      ? "Unavailable"
      : "Denied",
    action: "run",
    subject: shown(program),
    state: missing ? "there is no such program" : messageOf(cause),
    hint: missing
      ? "Install it, or give its whole path; programs are looked for in the folders of PATH."
      : "Check that it is a program which this user may run (chmod +x).",
    cause,
  });
}

export function timeProblem(program: string, timeoutMs: number): RegistryError {
  return fault({
    code: "Unavailable",
    action: "finish",
    subject: shown(program),
    state: `it took more than ${timeoutMs} ms`,
    hint:
      "Give it more time (timeout), less to do, or more shards. It and its children were ended.",
  });
}

export function memoryProblem(
  program: string,
  seen: { bytes: number; maxBytes: number },
): RegistryError {
  return fault({
    code: "Unavailable",
    action: "finish",
    subject: shown(program),
    state: `it held ${seen.bytes} bytes of memory, its limit is ${seen.maxBytes}`,
    hint: "Raise memory_limit, or let it do less at once. It and its children were ended.",
  });
}

/** What shells and `env` return for a program that is not there, or cannot be run (POSIX, 2.8.2). */
const NOT_RUN = [126, 127];

export function endedOf(
  program: string,
  { code, signal }: { code: number | null; signal?: string },
): { exitCode: ExitCode; error?: RegistryError } {
  const known = Object.values(EXIT_CODES).find((one) => one === code);
  if (known === EXIT_CODES.ok) return { exitCode: known };
  const exitCode = known ??
    (signal === "SIGKILL"
      ? EXIT_CODES.resource
      : NOT_RUN.includes(code ?? 0)
      ? EXIT_CODES.environment
      : EXIT_CODES.logic);
  const error = fault({
    code: "TaskFailed",
    action: "finish",
    subject: shown(program),
    state: `it ended with ${signal ?? `code ${code}`}`,
    hint: signal === "SIGKILL"
      ? "Somebody killed it: mostly the system, where memory ran out. Give it more, or less to do."
      : exitCode === EXIT_CODES.environment
      ? "A program that it needs is not there, or cannot be run: look at its log."
      : "Look at its log.",
  });
  return { exitCode, error };
}
