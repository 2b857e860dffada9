// What exit code of a step a failure is.
import { type ErrorCode, fault, isRegistryError } from "../core/errors.ts";
import { EXIT_CODES, type ExitCode, type ExitName } from "./contract/operator.ts";
import { shown } from "../core/naming/names.ts";

const OF_REGISTRY: Partial<Record<ErrorCode, ExitName>> = {
  Invalid: "configuration",
  NotFound: "input",
  Corrupt: "input",
  Unavailable: "resource",
  Denied: "environment",
  Unsupported: "environment",
};

const OF_SYSTEM: Record<string, ExitName> = {
  ENOENT: "input",
  ENOSPC: "resource",
  EDQUOT: "resource",
  ENOMEM: "resource",
  EMFILE: "resource",
  ENFILE: "resource",
  ETIMEDOUT: "resource",
  ERR_WORKER_OUT_OF_MEMORY: "resource",
  EACCES: "environment",
  EPERM: "environment",
  EROFS: "environment",
};

const MAX_CAUSES = 8;

export function exitNameOf(code: ExitCode): ExitName {
  return (Object.keys(EXIT_CODES) as ExitName[]).find((name) => EXIT_CODES[name] === code)!;
}

/**
 * The exit code of what was thrown: a {@linkcode RegistryError} by its code, a failure of the operating system by its
 * own, else 3. A failure that wraps another one is that one, where it says no more itself.
 */
export function exitCodeOf(error: unknown): ExitCode {
  let cause = error;
  for (let depth = 0; depth < MAX_CAUSES && cause !== undefined && cause !== null; depth++) {
    const name = isRegistryError(cause) ? OF_REGISTRY[cause.code] : ofSystem(cause);
    if (name !== undefined) return EXIT_CODES[name];
    cause = (cause as { cause?: unknown }).cause;
  }
  return EXIT_CODES.logic;
}

function ofSystem(error: unknown): ExitName | undefined {
  const { name, code, syscall, message } = error as {
    name?: string;
    code?: unknown;
    syscall?: string;
    message?: string;
  };
  if (name === "PermissionDenied" || name === "NotCapable") return "environment";
  // A program that is not there is told from a file that is not there by what was called.
  // Deno names no call of its own, only what it was about.
  const isSpawn = syscall?.startsWith("spawn") ||
    (name === "NotFound" && message?.startsWith("Failed to spawn "));
  if (code === "ENOENT" && isSpawn) return "environment";
  if (name === "NotFound") return "input";
  if (name === "TimeoutError" || name === "TimedOut") return "resource";
  // What engines throw where memory ran out has no code of its own.
  if (name === "RangeError" && /allocation failed|out of memory/i.test(message ?? "")) {
    return "resource";
  }
  return typeof code === "string" ? OF_SYSTEM[code] : undefined;
}

/**
 * The exit code that an operator returned: 0 where it returned nothing.
 *
 * @throws {RegistryError} `TaskFailed` for what is no exit code
 */
export function parseExitCode(returned: unknown, operatorId: string): ExitCode {
  if (returned === undefined) return EXIT_CODES.ok;
  if (Object.values(EXIT_CODES).includes(returned as ExitCode)) return returned as ExitCode;
  throw fault({
    code: "TaskFailed",
    action: "take what operator",
    subject: `${shown(operatorId)} returned as its exit code`,
    state: shown(returned),
    hint:
      "Return nothing or 0 where all is well, 1 configuration, 2 input, 3 logic, 4 resource, 5 environment.",
  });
}
