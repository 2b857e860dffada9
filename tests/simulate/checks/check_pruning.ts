// Checks that retention deletes exactly the versions that no rule keeps.
import { compareVersions } from "../../../core/naming/versions.ts";
import { type Cell, type Landing, statesDuring } from "../ledger.ts";
import { describeOperation, type LoggedOperation, type Request } from "../operation_log.ts";
import { aliasTarget, during, isLive } from "./cell_states.ts";
import type { BrokenInvariant, Evidence } from "./evidence.ts";

type Pruning = LoggedOperation & { request: Extract<Request, { verb: "prune" }> };

/** Longest time between two reads of a clock: pruning takes a while. */
const MARGIN_MS = 60_000;

export function checkPruning({ ledger, operations, ownerOf }: Evidence): BrokenInvariant[] {
  const findings: BrokenInvariant[] = [];
  for (const operation of operations) {
    if (operation.request.verb === "prune") check(operation as Pruning);
  }
  return findings;

  function check(operation: Pruning): void {
    const { outcome } = operation;
    const say = (state: string) =>
      findings.push({
        invariant: "retention keeps what it must",
        message: `${describeOperation(operation)}: ${state}`,
      });
    const gone = new Set<Cell>();
    for (const cell of ledger.cells.values()) {
      for (const landing of cell.landings) {
        if (ownerOf(landing) !== operation) continue;
        gone.add(cell);
        checkGone(operation, cell, landing, say);
      }
    }
    if (outcome?.ok === false) {
      const { name, code } = outcome.error as { name?: string; code?: string };
      const fits = ["Unavailable", "Unknown", "Denied"].includes(code!) && !operation.undisturbed;
      if (name !== "RegistryError" || (!fits && operation.skewMs === 0)) {
        say("nothing that happened explains it");
      }
      return;
    }
    if (outcome === undefined || !("pruned" in outcome)) return;
    const { deleted, dryRun } = outcome.pruned;
    for (const { name, version } of dryRun ? [] : deleted) {
      const cell = ledger.cellsOf(name, "version").find(({ place }) =>
        place.version!.canonical === version
      );
      if (cell === undefined || !gone.has(cell)) say(`it did not delete ${name}@${version}`);
    }
    for (const cell of ledger.cells.values()) {
      if (cell.place.kind === "version" && !gone.has(cell) && mustGo(operation, cell)) {
        say(`it left ${cell.place.cell}`);
      }
    }
  }

  function checkGone(
    operation: Pruning,
    cell: Cell,
    tombstone: Landing,
    say: (state: string) => void,
  ): void {
    const { keepLast, olderThanMs, keepAliased = true } = operation.request.options;
    const { key, order, at, before } = tombstone;
    if (before?.record.kind !== "version") return say(`${key} deleted what was not there`);
    if (olderThanMs !== undefined && at - before.at < olderThanMs) {
      say(`${key} deleted what was ${at - before.at} ms old`);
    }
    const since = operation.invoked.order;
    if (keepLast !== undefined && keepLast > 0) {
      const newer = newerThan(cell).filter((other) =>
        statesDuring(other, since, order).some(isLive)
      );
      if (newer.length < keepLast) say(`${key} deleted one of the newest ${keepLast}`);
    }
    if (
      keepAliased &&
      aliasesOf(cell).some((alias) => statesDuring(alias, since, order).every(holder(cell)))
    ) {
      say(`${key} deleted what an alias names, or a rollback needs`);
    }
  }

  /** Returns true if prune had no reason to keep a version all the time. */
  function mustGo(operation: Pruning, cell: Cell): boolean {
    const { keepLast = 0, olderThanMs = -Infinity, keepAliased = true } = operation.request.options;
    const [state, ...others] = during(cell, operation);
    if (state === undefined || others.length > 0 || !isLive(state)) return false;
    if (operation.invoked.at - state.head!.at < olderThanMs + MARGIN_MS) return false;
    if (
      cell.landings.some(({ place, at }) =>
        place.generation > state.head!.place.generation && at <= operation.returned!.at
      )
    ) {
      return false; // a record that does not count: a pruner that has not read it may take it for younger
    }
    if (
      newerThan(cell).filter((other) => during(other, operation).every(isLive)).length < keepLast
    ) return false;
    return !keepAliased ||
      !aliasesOf(cell).some((alias) => during(alias, operation).some(holder(cell)));
  }

  function newerThan({ place }: Cell): Cell[] {
    return ledger.cellsOf(place.name!, "version").filter((other) => {
      const isRelease = other.place.version!.semver.prerelease?.length === 0;
      const wasRelease = place.version!.semver.prerelease?.length === 0;
      return isRelease === wasRelease
        ? compareVersions(other.place.version!, place.version!) > 0
        : isRelease;
    });
  }

  function aliasesOf({ place }: Cell): Cell[] {
    return ledger.cellsOf(place.name!, "alias");
  }
}

/** Returns whether an alias names a version, or named it before. */
function holder({ place }: Cell): (state: { head?: Landing }) => boolean {
  return ({ head }) => {
    const target = aliasTarget(head);
    let earlier = head?.before;
    const isSame = (landing: Landing) => [null, target].includes(aliasTarget(landing));
    while (earlier !== undefined && isSame(earlier)) earlier = earlier.before;
    return target !== null &&
      [target, aliasTarget(earlier)].includes(place.version!.canonical);
  };
}
