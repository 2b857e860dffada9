/**
 * What became of each row: a line of JSON in a file, and the sums.
 *
 * @module
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { resolve } from "@std/path";
import { RegistryError } from "../../core/errors.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { inCliWords } from "../hints.ts";
import type { Manifest } from "./manifest.ts";

/** What a row led to. */
export interface RowResult {
  /** The artifact. */
  name?: string;
  /** The version. */
  version?: string;
  /** True when it was there already and nothing had to be done. */
  skipped?: boolean;
  /** SHA-256 of the content. */
  digest?: string;
  /** Bytes of all files. */
  size?: number;
  /** What was written. */
  path?: string;
}

/** What became of a row. */
export type RowOutcome =
  & { index: number; line: number; row: RowResult }
  & ({ ok: true } | { ok: false; error: RegistryError });

/** A line of a report. */
export function reportLine(outcome: RowOutcome): Record<string, unknown> {
  const { index, line, row, ok } = outcome;
  if (outcome.ok) return { index, line, ok, ...row };
  const { code, message, hint, key, maybeWritten } = outcome.error;
  return { index, line, ok, ...row, error: { code, message, hint: inCliWords(hint), key, maybeWritten } };
}

/** A file that gets a line for each row as it ends. */
export interface Report {
  /** Adds a line. It is there when this returns, whatever becomes of the program. */
  add(outcome: RowOutcome): void;
  /** Closes the file. */
  close(): void;
}

/** Opens a report, which replaces what was there. */
export function openReport(path: string | undefined, manifest: Manifest, io: CliIo): Report {
  if (path === undefined) return { add() {}, close() {} };
  const place = resolve(io.cwd, path);
  if (place === manifest.place) {
    throw new RegistryError({
      code: "Invalid",
      message: `Cannot write the report to ${JSON.stringify(path)}: it is the manifest`,
      hint: "Name another file.",
    });
  }
  const file = openSync(place, "w");
  return {
    add: (outcome) => void writeSync(file, `${JSON.stringify(reportLine(outcome))}\n`),
    close: () => closeSync(file),
  };
}
