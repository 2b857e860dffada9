// The exit code that a failure of an operator maps to.
import type { ErrorCode } from "../mod.ts";
import { isRegistryError, shown, taskFailed } from "../core/kernel.ts";
import { errorCode } from "../core/faults/errno.ts";
import { diskFault } from "../core/faults/meanings.ts";
import { EXIT_CODES, type ExitCode, type ExitName } from "./contract/operator.ts";

const OF_REGISTRY: Partial<Record<ErrorCode, ExitName>> = {
  Invalid: "configuration",
  NotFound: "input",
  Corrupt: "input",
  Unavailable: "resource",
  Denied: "environment",
  Unsupported: "environment",
};

/** Exit names of errors of the system. Others are mistakes of the operator. */
const OF_DISK: Partial<Record<ErrorCode, ExitName>> = {
  NotFound: "input",
  Unavailable: "resource",
  Denied: "environment",
};

const MAX_CAUSES = 8;

export function exitNameOf(code: ExitCode): ExitName {
  return (Object.keys(EXIT_CODES) as ExitName[]).find((name) => EXIT_CODES[name] === code)!;
}

/**
 * Returns the exit code for a thrown value: by the code of a {@linkcode RegistryError}, by the
 * operating system's code, else 3. Wrapped errors are searched for the first known cause.
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
  const { name, code, syscall, message } = error as Partial<NodeJS.ErrnoException>;
  if (name === "PermissionDenied" || name === "NotCapable") return "environment";
  // ENOENT means a missing program if the failed call is a spawn. Deno's own errors have no
  // `syscall`, only a message.
  const isSpawn = syscall?.startsWith("spawn") ||
    (name === "NotFound" && message?.startsWith("Failed to spawn "));
  if (code === "ENOENT" && isSpawn) return "environment";
  if (name === "NotFound") return "input";
  if (name === "TimeoutError" || name === "TimedOut") return "resource";
  // JavaScript engines report exhausted memory as a RangeError without a code.
  if (name === "RangeError" && /allocation failed|out of memory/i.test(message ?? "")) {
    return "resource";
  }
  if (code === "ERR_WORKER_OUT_OF_MEMORY") return "resource";
  const meaning = diskFault(errorCode(error));
  return meaning && OF_DISK[meaning.code];
}

export function parseExitCode(returned: unknown, operatorId: string): ExitCode {
  if (returned === undefined) return EXIT_CODES.ok;
  if (Object.values(EXIT_CODES).includes(returned as ExitCode)) return returned as ExitCode;
  const state = `${shown(returned)} is not an integer from 0 to 5`;
  const hint = "Return nothing or 0 for success, 1 configuration, 2 input, 3 logic, 4 resource, " +
    "5 environment.";
  throw taskFailed("use the exit code of operator", shown(operatorId), state, { hint });
}
