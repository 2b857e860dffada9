// The cells of versions and aliases, and their states during an operation.
import { FIRST_VERSION, parseVersion } from "../../../core/naming/versions.ts";
import { type Cell, type CellState, type Landing, statesDuring } from "../ledger.ts";
import type { LoggedOperation } from "../operation_log.ts";
import type { Evidence } from "./evidence.ts";

/** Returns the cell of an alias, if it was ever written. */
export function aliasOf(
  { ledger }: Evidence,
  { name, alias }: { name: string; alias: string },
): Cell | undefined {
  return ledger.cellsOf(name, "alias").find(({ place }) => place.label === alias);
}

/** Returns the cell of a version, if it was ever written. */
export function cellOf(
  { ledger, settings }: Evidence,
  name: string,
  version: string,
): Cell | undefined {
  const { canonical } = settings.versioned ? parseVersion(version) : FIRST_VERSION;
  return ledger.cellsOf(name, "version").find(({ place }) =>
    place.version!.canonical === canonical
  );
}

/** Returns the states of a cell during an operation. */
export function during(
  cell: Cell | undefined,
  { invoked, returned }: LoggedOperation,
): CellState[] {
  return statesDuring(cell, invoked.order, returned?.order ?? Infinity);
}

/** Returns true if a cell has a version. */
export function isLive({ head }: CellState): boolean {
  return head?.record.kind === "version";
}

/** Returns the version of an alias, or null. */
export function aliasTarget(landing: Landing | undefined): string | null {
  return landing?.record.kind === "alias" ? landing.record.version : null;
}
