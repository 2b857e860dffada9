// Checks the aliases that saves set to their version.
import { parseVersion } from "../../../core/naming/versions.ts";
import type { Cell } from "../ledger.ts";
import { describeOperation, type LoggedOperation, type Request } from "../operation_log.ts";
import { aliasTarget } from "./cell_states.ts";
import type { BrokenInvariant, Evidence } from "./evidence.ts";

type Save = LoggedOperation & { request: Extract<Request, { verb: "save" }> };

export function checkSavedAliases(evidence: Evidence): BrokenInvariant[] {
  const { ledger, operations, ownerOf } = evidence;
  const saves = operations.filter((operation): operation is Save =>
    operation.request.verb === "save" && operation.request.options.alias !== undefined
  );
  return saves.flatMap((save) => [...checkSet(save), ...checkStays(save)]);

  function aliasOf({ request: { name, options } }: Save): Cell | undefined {
    return ledger.cellsOf(name, "alias").find(({ place }) => place.label === options.alias);
  }

  function keyOf({ request: { name, options } }: Save): Cell | undefined {
    return ledger.cellsOf(name, "key").find(({ place }) => place.label === options.idempotencyKey);
  }

  /**
   * A save that succeeds has set its alias, or another change came after the save that first used
   * its key began.
   */
  function checkSet(save: Save): BrokenInvariant[] {
    const { request, outcome, returned, invoked } = save;
    if (!outcome?.ok || !("saved" in outcome)) return [];
    const key = keyOf(save)?.landings[0];
    const used = key && (ownerOf(key)?.invoked.order ?? key.order) || Infinity;
    const { canonical } = parseVersion(outcome.saved.version);
    const from = Math.min(used, invoked.order);
    const cell = aliasOf(save);
    const isSet = cell?.states.some(({ head, from: begin, to }) =>
      begin <= returned!.order && to > from && aliasTarget(head) === canonical
    );
    const isChanged = cell?.landings.some(({ order }) => order > from && order <= returned!.order);
    if (isSet || isChanged) return [];
    const message = `${describeOperation(save)}: ${request.options.alias} was not set`;
    return [{ invariant: "an acknowledged change is kept", message }];
  }

  /** A repeat of a save moves no alias that was changed after its key was used. */
  function checkStays(save: Save): BrokenInvariant[] {
    const { outcome } = save;
    if (!outcome?.ok || !("saved" in outcome) || !outcome.saved.skipped) return [];
    const key = keyOf(save)?.landings.findLast(({ order }) => order < save.returned!.order);
    if (key === undefined || ownerOf(key) === save) return [];
    const moved = aliasOf(save)?.landings.find((landing) =>
      ownerOf(landing) === save && landing.before !== undefined && landing.before.order > key.order
    );
    if (moved === undefined) return [];
    const message = `${describeOperation(save)}: it moved what ${moved.before!.key} had set`;
    return [{ invariant: "an acknowledged change is kept", message }];
  }
}
