// Checks that each record holds the value that its operation saved or copied.
import { isVersion, parseVersion } from "../../../core/naming/versions.ts";
import { type Cell, type Landing, statesDuring } from "../ledger.ts";
import { describeOperation, isSaving, type LoggedOperation } from "../operation_log.ts";
import { aliasTarget, during, isLive } from "./cell_states.ts";
import type { BrokenInvariant, Evidence } from "./evidence.ts";

export function checkSources(evidence: Evidence): BrokenInvariant[] {
  const { ledger, ledgerOf, operations, labelOf, ownerOf } = evidence;
  const findings: BrokenInvariant[] = [];
  for (const { landings } of ledger.cells.values()) {
    for (const landing of landings) {
      const owner = landing.record.kind === "version" ? ownerOf(landing) : undefined;
      const held = labelOf(landing);
      if (owner === undefined || held === undefined || mayHold(owner, landing, held)) continue;
      say(owner, `${landing.key} holds {${held}}`);
    }
  }
  for (const operation of operations) {
    const { request, outcome } = operation;
    if (request.verb !== "copy" || outcome?.ok !== false) continue;
    if ((outcome.error as { code?: string }).code !== "NotFound") continue;
    if (mayLackAlias(operation)) continue;
    if (sourcesOf(operation).some((cell) => during(cell, operation).every(isLive))) {
      say(operation, "its source was there");
    }
  }
  return findings;

  function say(operation: LoggedOperation, state: string): void {
    findings.push({
      invariant: "copied versions stay the same",
      message: `${describeOperation(operation)}: ${state}`,
    });
  }

  function mayHold(owner: LoggedOperation, { order, place }: Landing, held: string): boolean {
    const { request } = owner;
    const said = (cell: Cell | undefined, from: number) =>
      statesDuring(cell, from, order).some(({ head }) =>
        head !== undefined && labelOf(head) === held
      );
    if (request.verb === "save") return request.value.label === held;
    if (request.verb === "copy") {
      return sourcesOf(owner).some((cell) => said(cell, owner.invoked.order));
    }
    if (request.verb === "undelete") return said(ledger.cells.get(place.cell), 0);
    if (request.verb === "commitDraft") return isWhole(held, request);
    if (request.verb === "mirror") {
      return said(ledgerOf(request.from).cells.get(place.cell), owner.invoked.order);
    }
    return false;
  }

  /** Returns the cells from which a copy may have copied. */
  function sourcesOf(operation: LoggedOperation): Cell[] {
    const { request } = operation;
    if (!isSaving(request) || request.verb !== "copy") return [];
    const { name, ref } = request.from;
    const all = ledger.cellsOf(name, "version");
    if (ref === "latest") return all;
    const targets = isVersion(ref)
      ? [parseVersion(ref).canonical]
      : targetsOf(operation, name, ref);
    return all.filter(({ place }) => targets.includes(place.version!.canonical));
  }

  /** Returns true if a copy of an alias may have found none. */
  function mayLackAlias(operation: LoggedOperation): boolean {
    const { request } = operation;
    if (!isSaving(request) || request.verb !== "copy") return false;
    const { name, ref } = request.from;
    return ref !== "latest" && !isVersion(ref) && targetsOf(operation, name, ref).includes(null);
  }

  /** Returns the versions of an alias during an operation; null for none. */
  function targetsOf(operation: LoggedOperation, name: string, label: string): (string | null)[] {
    const alias = ledger.cellsOf(name, "alias").find(({ place }) => place.label === label);
    return during(alias, operation).map(({ head }) => aliasTarget(head));
  }
}

/** Returns true if a draft's version has the requested parts, each as one delivery wrote it. */
function isWhole(
  held: string,
  { id, parts: named }: { id: string; parts?: readonly string[] },
): boolean {
  const files = new Map(held.split(" ").map((file) => file.split("=") as [string, string]));
  const parts = named ?? partsOf(held);
  return files.size === 2 * parts.length && parts.every((part) => {
    const [small, large] = ["small", "large"].map((file) => files.get(`${part}.${file}`));
    return small === large && small?.startsWith(`draft-${id}-${part}-`);
  });
}

/** Returns the parts of a version that was a draft. */
export function partsOf(held: string): string[] {
  return [...new Set(held.split(" ").map((file) => file.split(".")[0]))];
}
