// A row of a manifest before anybody looked at its fields.
import type { RegistryError } from "../../mod.ts";
import { fault } from "../../core/errors.ts";

/** How a manifest is written. */
export type ManifestFormat = "jsonl" | "csv";

/** A row as it is written: its fields, or why it cannot be read. */
export interface RawRow {
  /** Line of the file on which it ends, from 1. */
  line: number;
  /** Its fields. Those of CSV are texts. */
  fields?: Record<string, unknown>;
  /** What is wrong with it. */
  error?: RegistryError;
}

/** The failure of one row. */
export function badRow(state: string, cause?: unknown): RegistryError {
  return fault({
    code: "Invalid",
    action: "read a row",
    state,
    hint: "Mend it and run the same again. The command's --help says what a row holds.",
    cause,
  });
}
