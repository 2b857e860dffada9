// Checks that a finished mirror holds what its source held at some moment meanwhile.
import type { VersionRecord } from "../../../core/record.ts";
import type { CellState, Landing, Ledger } from "../ledger.ts";
import { describeOperation, type LoggedOperation, type Request } from "../operation_log.ts";
import { aliasTarget, during, isLive } from "./cell_states.ts";
import type { BrokenInvariant, Evidence } from "./evidence.ts";

type Mirroring = LoggedOperation & { request: Extract<Request, { verb: "mirror" }> };

export function checkMirrors(evidence: Evidence): BrokenInvariant[] {
  const { ledger, ledgerOf, operations, ownerOf, labelOf } = evidence;
  const findings: BrokenInvariant[] = [];
  for (const operation of operations) {
    if (operation.request.verb === "mirror") check(operation as Mirroring);
  }
  return findings;

  function check(operation: Mirroring): void {
    const { request, outcome, returned } = operation;
    const source = ledgerOf(request.from);
    const say = (state: string) =>
      findings.push({
        invariant: "a mirror holds what its source held",
        message: `${describeOperation(operation)}: ${state}`,
      });
    for (const { landings } of ledger.cells.values()) {
      for (const landing of landings) {
        if (ownerOf(landing) === operation && isRepeated(landing)) say(`${landing.key} was there`);
      }
    }
    if (outcome?.ok === false) {
      const { name, code } = outcome.error as { name?: string; code?: string };
      const fits = ["Unavailable", "Unknown", "Denied"].includes(code!) && !operation.undisturbed;
      if (name !== "RegistryError" || !fits) say("nothing that happened explains it");
      return;
    }
    if (outcome === undefined || returned === undefined || !("mirrored" in outcome)) return;
    const failed = outcome.mirrored.failures.map(({ name, version, alias }) =>
      `${name} ${version ?? alias}`
    );
    if (operation.undisturbed && failed.length > 0) say("nothing that happened explains it");
    for (const [prefix, cell] of source.cells) {
      const { kind, name, version, label } = cell.place;
      if (kind !== "version" && kind !== "alias") continue;
      if (failed.includes(`${name} ${version?.canonical ?? label}`)) continue;
      const wanted = during(cell, operation);
      const isGone = wanted.some((state, n) => !isLive(state) && wanted.slice(0, n).some(isLive));
      // what goes while it is mirrored is left to the next mirror
      if (kind === "version" && isGone) continue;
      const there = during(ledger.cells.get(prefix), { ...operation, invoked: returned });
      if (
        !there.some((state) => wanted.some((other) => isMirrored(state, other, source, operation)))
      ) {
        say(`${prefix} is ${shown(there[0])}, and was ${wanted.map(shown).join(", then ")}`);
      }
    }
  }

  function isMirrored(
    there: CellState,
    wanted: CellState,
    source: Ledger,
    operation: Mirroring,
  ): boolean {
    if (isLive(wanted)) return isLive(there) && labelOf(there.head!) === labelOf(wanted.head!);
    const version = aliasTarget(wanted.head);
    if (version === null) {
      return !operation.request.deleted || !isLive(there) && aliasTarget(there.head) === null;
    }
    if (aliasTarget(there.head) === version) return true;
    const named = source.cellsOf(wanted.head!.place.name!, "version").find(({ place }) =>
      place.version!.canonical === version
    );
    return !during(named, operation).every(isLive); // an alias of nothing stays behind
  }

  /** Returns true if it replaced itself. */
  function isRepeated({ record, before }: Landing): boolean {
    if (record.kind !== "version" || before?.record.kind !== "version") return false;
    return record.origin !== undefined &&
      (before.record as VersionRecord).origin?.commit === record.origin.commit;
  }

  function shown(state: CellState | undefined): string {
    if (state?.head === undefined) return "nothing";
    return labelOf(state.head) ?? aliasTarget(state.head) ?? "deleted";
  }
}
