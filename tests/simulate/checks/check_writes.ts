// Checks the results of writers against the data.
import { memoryMs } from "../../../extensions/maintenance/garbage/collection.ts";
import type { Landing } from "../ledger.ts";
import { describeOperation, isSaving } from "../operation_log.ts";
import type { LoggedOperation, Request } from "../operation_log.ts";
import { checkAcknowledged } from "./check_acknowledged.ts";
import { checkRefused } from "./check_refused.ts";
import type { BrokenInvariant, Evidence, Invariant } from "./evidence.ts";

export function checkWrites(evidence: Evidence): BrokenInvariant[] {
  const findings: BrokenInvariant[] = [];
  const landings = landingsByOwner(evidence);

  for (const operation of evidence.operations) {
    const { request, outcome, returned } = operation;
    const own = landings.get(operation) ?? [];
    const say = (promise: Invariant, state: string) =>
      findings.push({ invariant: promise, message: `${describeOperation(operation)}: ${state}` });

    const commits = own.filter(({ place, visible }) =>
      visible && place.kind !== "key" && !(isSaving(request) && place.kind === "alias")
    );
    if (
      commits.length > new Set(commits.map(({ record }) => record.commit)).size ||
      (commits.length > 1 && isOne(request))
    ) {
      say(
        "an operation commits at most once",
        `committed ${commits.map(({ key }) => key).join(" and ")}`,
      );
    }
    if (!isWrite(request) || outcome === undefined || returned === undefined) continue;
    if (outcome.ok) checkAcknowledged(evidence, { operation, commits, say });
    else checkRefused(evidence, { operation, commits, error: outcome.error, say });
  }
  checkKeys(evidence, findings);
  checkGaps(evidence, findings);
  return findings;
}

function isWrite(request: Request): boolean {
  return isOne(request) || request.verb === "deleteAll";
}

/** Returns true if a request commits at most once. */
function isOne(request: Request): boolean {
  return isSaving(request) ||
    ["delete", "undelete", "setAlias", "deleteAlias"].includes(request.verb);
}

function landingsByOwner({ ledger, ownerOf }: Evidence): Map<LoggedOperation, Landing[]> {
  const landings = new Map<LoggedOperation, Landing[]>();
  for (const cell of ledger.cells.values()) {
    for (const landing of cell.landings) {
      const owner = ownerOf(landing);
      if (owner === undefined) continue;
      if (!landings.has(owner)) landings.set(owner, []);
      landings.get(owner)!.push(landing);
    }
  }
  return landings;
}

/** All saves with one idempotency key are one save. */
function checkKeys({ ledger, ownerOf, settings }: Evidence, findings: BrokenInvariant[]): void {
  const byKey = new Map<string, Landing>();
  for (const cell of ledger.cells.values()) {
    for (const landing of cell.landings) {
      const { record, visible, lost } = landing;
      if (!visible || lost || record.kind !== "version") continue;
      const request = ownerOf(landing)?.request;
      const key = record.key ??
        (request && isSaving(request) ? request.options.idempotencyKey : undefined);
      if (key === undefined) continue;
      const id = `${record.name} ${key}`;
      const other = byKey.get(id);
      byKey.set(id, landing);
      if (
        other === undefined || other.record.commit === record.commit ||
        // it may expire, so a repeat writes it again
        other.place.cell === landing.place.cell && other.late && other.needs.length > 0 ||
        // it has expired, so a repeat chose again: only its save counts
        other.late && ledger.undone.has(other) && other.order < landing.order ||
        // it is good for so long after its first use
        Math.abs(landing.at - other.at) > memoryMs(settings.graceMs) ||
        isForgotten(key, record.name, [other.order, landing.order])
      ) {
        continue;
      }
      findings.push({
        invariant: "an operation commits at most once",
        message: `idempotency key ${key} was saved as ${other.key} and ${landing.key}`,
      });
    }
  }

  /** Returns true if it was forgotten between two saves. */
  function isForgotten(key: string, name: string, orders: number[]): boolean {
    return ledger.cellsOf(name, "key").some(({ place, forgotten }) =>
      place.label === key &&
      forgotten.some((order) => order > Math.min(...orders) && order < Math.max(...orders))
    );
  }
}

/** An automatic version follows an existing one. */
function checkGaps({ ledger, ownerOf, settings }: Evidence, findings: BrokenInvariant[]): void {
  if (!settings.versioned) return;
  for (const cell of ledger.cells.values()) {
    if (cell.place.kind !== "version") continue;
    const first = cell.landings[0];
    const request = first && ownerOf(first)?.request;
    if (request === undefined || !isSaving(request) || request.options.version !== undefined) {
      continue;
    }
    const { major } = cell.place.version!.semver;
    const { order } = first;
    const previous = ledger.cellsOf(cell.place.name, "version").some(({ place, landings }) =>
      place.version!.semver.major === major - 1 && landings[0].order < order
    );
    if (major === 1 || previous) continue;
    findings.push({
      invariant: "automatic versions have no gaps",
      message: `${first.key} came before its predecessor`,
    });
  }
}
