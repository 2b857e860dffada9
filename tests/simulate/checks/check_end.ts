// Checks the data at the end of a run, with an undisturbed handle.
import type { VersionRecord } from "../../../core/record.ts";
import type { Registry } from "../../../core/registry.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import type { Bundle } from "../bundle.ts";
import { statesDuring } from "../ledger.ts";
import { describeError } from "../operation_log.ts";
import { isLive } from "./cell_states.ts";
import type { BrokenInvariant, Evidence } from "./evidence.ts";

export async function checkEnd(
  { ledger, operations, labelOf }: Evidence,
  registry: Registry,
): Promise<BrokenInvariant[]> {
  const findings: BrokenInvariant[] = [];
  const voids = new Set<string>();

  for (const { place, states, landings } of ledger.cells.values()) {
    for (const { key, late } of landings) if (late) voids.add(key);
    if (place.kind !== "version") continue;
    const state = states.at(-1)!;
    const ref = `${place.name}@${place.version!.canonical}`;
    const wanted = isLive(state) ? `{${labelOf(state.head!)}}` : "NotFound";
    let got: string;
    try {
      const value = await registry.load(ref) as Bundle;
      got = `{${value.label}}`;
    } catch (error) {
      const { code } = error as { code?: string };
      got = code === "NotFound" ? code : describeError(error);
    }
    if (got === wanted) continue;
    findings.push({
      invariant: "an acknowledged change is kept",
      message: `at the end ${ref} is ${got}, not ${wanted}`,
    });
  }

  findings.push(...checkUse(ledger));

  for (const { request, outcome, invoked, returned } of operations) {
    if (request.verb !== "setAlias" || outcome?.ok !== true) continue;
    const cell = ledger.cellsOf(request.name, "version").find(({ place }) =>
      place.version!.canonical === request.version
    );
    const [now] = statesDuring(cell, returned!.order, returned!.order);
    const lost = statesDuring(cell, invoked.order, returned!.order).some(({ head }) =>
      head?.record.kind === "version" && ledger.undone.has(head)
    );
    if (!lost || isLive(now) && !ledger.undone.has(now.head!)) {
      continue;
    }
    const message =
      `the alias ${request.alias} was set to ${request.version}, which the store lost`;
    findings.push({ invariant: "an acknowledged change is kept", message });
  }

  const { problems } = await verifyRegistry(registry, { listed: true });
  for (const { key, record, code, message } of problems) {
    if (voids.has(record)) continue;
    // a deletion beside setAlias leaves such
    if (code === "NotFound" && key.includes("/aliases/")) continue;
    findings.push({
      invariant: "a valid record has its payload",
      message: `verifyRegistry: ${message}`,
    });
  }
  return findings;
}

/** A file that shares bytes uses at least half of each object, or it would be kept in vain. */
function checkUse({ cells, objects }: Evidence["ledger"]): BrokenInvariant[] {
  const findings: BrokenInvariant[] = [];
  for (const { states } of cells.values()) {
    const { head } = states.at(-1)!;
    for (const [key, used] of head?.used ?? []) {
      const { files = [] } = head!.record as Partial<VersionRecord>;
      const isShared = files.some(({ parts = [] }) =>
        parts.some(({ from }) => from && key.includes(from))
      );
      if (!isShared || used * 2 >= objects.get(key)!) continue;
      const message = `${head!.key} uses ${used} of ${objects.get(key)} bytes of ${key}`;
      findings.push({ invariant: "garbage is bounded", message });
    }
  }
  return findings;
}
