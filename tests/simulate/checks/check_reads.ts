// Checks the results of readers against the data.
import { compareVersions, isVersion, parseVersion } from "../../../core/naming/versions.ts";
import type { Cell, CellState } from "../ledger.ts";
import { describeOperation, type LoggedOperation, type ReadResult } from "../operation_log.ts";
import { aliasTarget, during, isLive } from "./cell_states.ts";
import type { BrokenInvariant, Evidence, Invariant } from "./evidence.ts";

const BEGINNING = { order: 0, at: 0 };

export function checkReads(evidence: Evidence): BrokenInvariant[] {
  const { ledger, operations, settings } = evidence;
  const findings: BrokenInvariant[] = [];

  for (const operation of operations) {
    const { request, outcome, returned } = operation;
    if (outcome === undefined || returned === undefined) continue;
    const say = (promise: Invariant, state: string) =>
      findings.push({ invariant: promise, message: `${describeOperation(operation)}: ${state}` });
    if (request.verb === "versions") checkVersions(operation, request.name, say);
    if (
      request.verb === "collect" && !outcome.ok && (outcome.error as Error).name !== "RegistryError"
    ) {
      say("errors are RegistryErrors that fit", "nothing that happened explains it");
    }
    if (request.verb !== "load" && request.verb !== "open") continue;
    const cells = cellsMeant(request.name, request.ref, operation);
    const inGrace = returned.at - operation.invoked.at < settings.graceMs;
    if (outcome.ok) {
      const { read } = outcome as { read: ReadResult };
      const span = mayBeCached(operation, request.ref)
        ? { ...operation, invoked: BEGINNING }
        : operation;
      if (
        !cells.possible.some((cell) =>
          during(cell, span).some((state) => says(evidence, state, read))
        )
      ) {
        say("operations on a cell are linearizable", "no such value was there meanwhile");
      }
      const newer = span !== operation
        ? undefined
        : cells.certain.find((cell) => isNewer(cell, cells.possible, operation, read));
      if (newer !== undefined) {
        say(
          "operations on a cell are linearizable",
          `${newer.place.version!.canonical} was there throughout`,
        );
      }
    } else {
      const { name, code } = outcome.error as { name?: string; code?: string };
      if (name !== "RegistryError") {
        say("errors are RegistryErrors that fit", "nothing that happened explains it");
      } else if (
        (code !== "Unavailable" && code !== "Denied" || operation.undisturbed) && inGrace &&
        (code !== "NotFound" || cells.certain.length > 0)
      ) {
        say(
          "a reader never fails because of a writer",
          `took ${returned.at - operation.invoked.at} ms`,
        );
      }
    }
  }
  return findings;

  /** A named version of an immutable registry may have been deleted elsewhere. */
  function mayBeCached({ cached }: LoggedOperation, ref: string): boolean {
    return cached && settings.versioned && !settings.mutable && ref !== "latest" && isVersion(ref);
  }

  /** Returns the possible cells of a ref during an operation, and those that it must see. */
  function cellsMeant(
    name: string,
    ref: string,
    operation: LoggedOperation,
  ): { possible: Cell[]; certain: Cell[] } {
    const all = ledger.cellsOf(name, "version");
    let possible = all;
    let must = true;
    if (ref !== "latest" && isVersion(ref)) {
      const { canonical } = parseVersion(ref);
      possible = all.filter(({ place }) => place.version!.canonical === canonical);
    } else if (ref !== "latest") {
      const alias = ledger.cellsOf(name, "alias").find(({ place }) => place.label === ref);
      const targets = during(alias, operation).map(({ head }) => aliasTarget(head));
      possible = all.filter(({ place }) => targets.includes(place.version!.canonical));
      must = new Set(targets).size === 1 && targets[0] !== null;
    }
    const certain = must ? possible.filter((cell) => during(cell, operation).every(isLive)) : [];
    return { possible, certain };
  }

  /** Returns true if a cell that was always live is newer than all with the read value. */
  function isNewer(
    cell: Cell,
    possible: Cell[],
    operation: LoggedOperation,
    read: ReadResult,
  ): boolean {
    const holders = possible.filter((other) =>
      during(other, operation).some((state) => says(evidence, state, read))
    );
    return holders.length > 0 &&
      holders.every(({ place }) => compareVersions(cell.place.version!, place.version!) > 0);
  }

  function checkVersions(
    operation: LoggedOperation,
    name: string,
    say: (p: Invariant, s: string) => void,
  ): void {
    const { outcome } = operation;
    if (!outcome!.ok) {
      const { code } = outcome!.error as { code?: string };
      if (code !== "Unavailable" && (code !== "Denied" || operation.undisturbed)) {
        say("a reader never fails because of a writer", "listing failed");
      }
      return;
    }
    const { versions } = outcome as { versions: string[] };
    for (const cell of ledger.cellsOf(name, "version")) {
      const listed = versions.includes(cell.place.version!.canonical);
      const states = during(cell, operation);
      if (!listed && states.every(isLive)) {
        say(
          "operations on a cell are linearizable",
          `${cell.place.version!.canonical} was there throughout`,
        );
      }
      // lists do not read records, so they show expired ones
      const shown = states.some(isLive) ||
        cell.landings.some(({ late, record }) => late && record.kind === "version");
      if (listed && !shown) {
        say(
          "operations on a cell are linearizable",
          `${cell.place.version!.canonical} was never there meanwhile`,
        );
      }
    }
  }
}

/** Returns true if a cell in this state has the read value. */
function says({ labelOf }: Evidence, { head }: CellState, { label, commit }: ReadResult): boolean {
  if (head === undefined || head.record.kind !== "version") return false;
  return labelOf(head) === label && (commit === undefined || commit === head.record.commit);
}
