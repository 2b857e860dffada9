// A row of a manifest before anybody looked at its fields.
import type { RegistryError } from "../../mod.ts";
import { fault } from "../../core/errors.ts";

export type ManifestFormat = "jsonl" | "csv";

/** A row as it is written: its fields, or why it cannot be read. */
export interface RawRow {
  /** Line of the file on which it ends, from 1. */
  line: number;
  fields?: Record<string, unknown>;
  error?: RegistryError;
}

export function badRow(state: string, cause?: unknown): RegistryError {
  return fault({
    code: "Invalid",
    action: "read a row",
    state,
    hint: "Mend it and run the same again. The command's --help says what a row holds.",
    cause,
  });
}
