// What became of each row: a line of JSON in a file, and the sums.
import { Buffer } from "node:buffer";
import { closeSync, openSync, readSync, type Stats, statSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { isRegistryError, RegistryError } from "../../../mod.ts";
import type { LeftOut, RegistryErrorFields } from "../../../registry/mod.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { toReportable } from "../program/exit_code.ts";
import { hintFor } from "../../../core/errors.ts";
import type { Manifest } from "./manifest.ts";

export interface RowResult {
  name?: string;
  version?: string;
  skipped?: boolean;
  /** SHA-256 of the content. */
  digest?: string;
  size?: number;
  path?: string;
  leftOut?: readonly LeftOut[];
  /** True when it was only looked at. */
  dryRun?: boolean;
}

export type RowOutcome =
  & { index: number; line: number; row: RowResult }
  & ({ ok: true } | { ok: false; error: RegistryError });

export function reportLine(outcome: RowOutcome): Record<string, unknown> {
  const { index, line, row, ok } = outcome;
  if (outcome.ok) return { index, line, ok, ...row };
  const { code, message, key, maybeWritten } = outcome.error;
  const hint = hintFor(outcome.error, "cli");
  return {
    index,
    line,
    ok,
    ...row,
    error: { code, message, hint, key, maybeWritten },
  };
}

export interface Report {
  add(outcome: RowOutcome): void;
  close(): void;
}

/** So much of a file is looked at to tell whether it is a report. */
const LOOK_BYTES = 4096;

/** Opens a report, which replaces an earlier one, and nothing else. */
export function openReport(path: string | undefined, manifest: Manifest, io: CliIo): Report {
  if (path === undefined) return { add() {}, close() {} };
  if (path === "-") {
    throw cannotReport(path, "that is no file", "For standard output add --json instead.");
  }
  const place = resolve(io.cwd, path);
  let file: number;
  try {
    const found = statSync(place, { throwIfNoEntry: false });
    if (found !== undefined && manifest.isFile && isSameFile(found, statSync(manifest.place))) {
      throw cannotReport(path, "it is the manifest", "Name another file.");
    }
    if (found?.isFile() && found.size > 0 && !isReport(place)) {
      throw cannotReport(
        path,
        "it exists, and is no report",
        "Name another file, or remove that one.",
      );
    }
    file = openSync(place, found === undefined || found.isFile() ? "w" : "a");
  } catch (cause) {
    if (isRegistryError(cause)) throw cause;
    const { code, message, hint } = toReportable(cause) as RegistryError;
    if (code === "NotFound") {
      throw cannotReport(
        path,
        "there is no such folder",
        "Name a file in a folder that is there.",
        { code, cause },
      );
    }
    throw cannotReport(path, message, hint, { code, cause });
  }
  return {
    add: (outcome) => void writeSync(file, `${JSON.stringify(reportLine(outcome))}\n`),
    close: () => closeSync(file),
  };
}

function isSameFile(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

function isReport(place: string): boolean {
  const begin = Buffer.alloc(LOOK_BYTES);
  const file = openSync(place, "r");
  try {
    const bytes = readSync(file, begin, 0, LOOK_BYTES, 0);
    return /^\{"index":\d+,"line":\d+,"ok":/.test(begin.toString("latin1", 0, bytes));
  } finally {
    closeSync(file);
  }
}

function cannotReport(
  path: string,
  state: string,
  hint?: string,
  { code = "Invalid", cause }: Partial<RegistryErrorFields> = {},
): RegistryError {
  const message = `Cannot write the report to ${JSON.stringify(path)}: ${state}`;
  return new RegistryError({ code, message, hint, cause });
}
