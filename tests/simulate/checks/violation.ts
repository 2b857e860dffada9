/**
 * What a run found wrong.
 *
 * @module
 */
import type { Ledger } from "../ledger.ts";
import type { OperationLog } from "../operation_log.ts";

/** A promise that was broken. */
export interface Finding {
  /** Which promise. */
  promise: Promised;
  /** What happened. */
  message: string;
}

/** What a registry promises, whatever happens. */
export type Promised =
  | "one winner per generation"
  | "an operation commits at most once"
  | "an acknowledged change is kept"
  | "a failed operation has no effect"
  | "operations on a cell are linearizable"
  | "a reader never fails because of a writer"
  | "automatic versions have no gaps"
  | "a valid record has its payload"
  | "errors are RegistryErrors that fit";

/** What checks look at. */
export interface Evidence {
  /** The truth. */
  ledger: Ledger;
  /** What was asked and answered. */
  log: OperationLog;
  /** The registry's settings. */
  settings: { versioned: boolean; mutable: boolean; graceMs: number };
}
