// The report of a batch: one line of JSON for each row.
import { Buffer } from "node:buffer";
import { closeSync, openSync, readSync, type Stats, statSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import type { LeftOut, RegistryErrorFields } from "../../../registry/mod.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { toReportable } from "../program/exit_code.ts";
import { fault, hintFor, isRegistryError, type RegistryError } from "../../../core/errors.ts";
import type { Manifest } from "./manifest.ts";

export interface RowResult {
  name?: string;
  version?: string;
  skipped?: boolean;
  digest?: string;
  size?: number;
  path?: string;
  leftOut?: readonly LeftOut[];
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
  return { index, line, ok, ...row, error: { code, message, hint, key, maybeWritten } };
}

export interface Report {
  add(outcome: RowOutcome): void;
  close(): void;
}

const START_BYTES = 4096;

/** Opens a report. It replaces an earlier report, but no other file. */
export function openReport(path: string | undefined, manifest: Manifest, io: CliIo): Report {
  if (path === undefined) return { add() {}, close() {} };
  if (path === "-") {
    throw cannotReport(path, "it is not a file", "For standard output use --json.");
  }
  const place = resolve(io.cwd, path);
  let file: number;
  try {
    const found = statSync(place, { throwIfNoEntry: false });
    if (found !== undefined && manifest.isFile && isSameFile(found, statSync(manifest.path))) {
      throw cannotReport(path, "it is the manifest", "Use another file.");
    }
    if (found?.isFile() && found.size > 0 && !isReport(place)) {
      const hint = "Use another file, or remove this one.";
      throw cannotReport(path, "it exists and is not a report", hint);
    }
    file = openSync(place, found === undefined || found.isFile() ? "w" : "a");
  } catch (cause) {
    if (isRegistryError(cause)) throw cause;
    const { code, message, hint } = toReportable(cause) as RegistryError;
    const [state, advice] = code === "NotFound"
      ? ["no such folder", "Pass a file in an existing folder."]
      : [message, hint];
    throw cannotReport(path, state, advice, { code, cause });
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
  const start = Buffer.alloc(START_BYTES);
  const file = openSync(place, "r");
  try {
    const bytes = readSync(file, start, 0, START_BYTES, 0);
    return /^\{"index":\d+,"line":\d+,"ok":/.test(start.toString("latin1", 0, bytes));
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
  const action = `write the report to ${JSON.stringify(path)}`;
  return fault({ code, action, state, hint, cause });
}
