// Checks acknowledged parts of drafts and pieces of uploads.
import { DISCARDED_BYTES, parseDraftKey } from "../../../registry/operations/drafts/note.ts";
import { encodeName } from "../../../core/naming/names.ts";
import type { VersionRecord } from "../../../core/record.ts";
import { describeOperation, type LoggedOperation, type Request } from "../operation_log.ts";
import type { Landing } from "../ledger.ts";
import type { Effect } from "../with_history.ts";
import { partsOf } from "./check_sources.ts";
import type { BrokenInvariant, Evidence } from "./evidence.ts";
import { RIGHT } from "../verbs/transfer.ts";

/** An unused draft is kept this long, milliseconds. */
const KEPT_MS = 7 * 24 * 3_600_000;

type Of<V extends Request["verb"]> = LoggedOperation & { request: Extract<Request, { verb: V }> };

export function checkDrafts(
  { ledger, operations, labelOf }: Evidence,
  effects: readonly Effect[],
): BrokenInvariant[] {
  const findings: BrokenInvariant[] = [];
  for (const operation of operations) {
    const { request, outcome } = operation;
    if (request.verb === "commitDraft") checkCommit(operation as Of<"commitDraft">);
    if (request.verb === "addPart" && outcome?.ok) checkAdded(operation as Of<"addPart">);
  }
  return findings;

  function say(operation: LoggedOperation, state: string): void {
    findings.push({
      invariant: "an acknowledged change is kept",
      message: `${describeOperation(operation)}: ${state}`,
    });
  }

  /** A commit gives a version of exactly the named parts. */
  function checkCommit(operation: Of<"commitDraft">): void {
    const { request, outcome } = operation;
    if (request.parts === undefined || !outcome?.ok || !("saved" in outcome)) return;
    const landing = versionsOf(request).find(({ record }) =>
      record.commit === outcome.saved.commit
    );
    const held = landing && labelOf(landing);
    if (held === undefined) return;
    if (partsOf(held).sort().join() !== [...request.parts].sort().join()) {
      say(operation, `its version holds {${held}}`);
    }
  }

  /** An acknowledged part of an open draft is in the version, unless others were named. */
  function checkAdded(operation: Of<"addPart">): void {
    const { request, returned, invoked } = operation;
    const committed = versionsOf(request).filter(({ at }) => at >= invoked.at);
    for (const landing of committed) {
      const held = labelOf(landing) ?? "";
      if (
        namesParts(request) || partsOf(held).includes(request.part) ||
        wasCollected(operation, landing) || wasDiscarded(operation, landing)
      ) continue;
      say(operation, `${landing.key} holds {${held}}`);
    }
    const end = effects.findLast((effect) =>
      isEnd(effect, request) && effect.order <= returned!.order
    );
    if (end === undefined || end.verb === "delete" || end.order > invoked.order) return;
    const ended = JSON.parse(new TextDecoder().decode(end.bytes).split("\n")[1]) as {
      parts?: [string, string][];
    };
    if (ended.parts?.some(([part]) => part === request.part)) return;
    say(operation, `the draft had ended before (${end.order})`);
  }

  /** Returns true if a part may have been collected before a version landed. */
  function wasCollected({ request, returned }: Of<"addPart">, landing: Landing): boolean {
    const ofDraft = effects.filter((effect) => effect.written && isOf(effect, request));
    const removed = ofDraft.find(({ verb, key, order, at }) => {
      return verb === "delete" && order > returned!.order && at <= landing.at &&
        parseDraftKey(key)?.added?.part === request.part;
    });
    const last = removed &&
      ofDraft.findLast(({ verb, order }) => verb === "put" && order < removed.order);
    return last !== undefined && removed!.at - last.at >= KEPT_MS;
  }

  /** Returns true if the draft was discarded after the part was added, or not collected by then. */
  function wasDiscarded({ request, invoked, returned }: Of<"addPart">, landing: Landing): boolean {
    const ends = effects.filter((effect) => isEnd(effect, request));
    return ends.some(({ verb, bytes, order, at }) =>
      verb === "put" && bytes?.byteLength === DISCARDED_BYTES && order > invoked.order &&
      at <= landing.at &&
      !ends.some((end) =>
        end.verb === "delete" && order < end.order && end.order <= returned!.order
      )
    );
  }

  function isOf({ key }: Effect, { name, id }: { name: string; id: string }): boolean {
    const parsed = parseDraftKey(key);
    return parsed?.name === encodeName(name) && parsed.draft === encodeName(id);
  }

  function namesParts({ id }: { id: string }): boolean {
    return operations.some(({ request }) =>
      request.verb === "commitDraft" && request.id === id && request.parts
    );
  }

  function versionsOf({ name, id }: { name: string; id: string }): Landing[] {
    return ledger.cellsOf(name, "version").flatMap(({ landings }) => landings)
      .filter(({ record, visible }) => visible && (record as VersionRecord).key === `draft:${id}`);
  }

  function isEnd({ key, written }: Effect, { name, id }: { name: string; id: string }): boolean {
    const parsed = written ? parseDraftKey(key) : undefined;
    return parsed?.mark === "end" && parsed.name === encodeName(name) &&
      parsed.draft === encodeName(id);
  }
}

export function checkUploads({ operations }: Evidence): BrokenInvariant[] {
  const findings: BrokenInvariant[] = [];
  for (const operation of operations) {
    const { request, outcome, returned } = operation;
    const say = (state: string) => {
      findings.push({
        invariant: "an acknowledged change is kept",
        message: `${describeOperation(operation)}: ${state}`,
      });
    };
    if (
      request.verb === "readUpload" && outcome?.ok && "read" in outcome &&
      outcome.read.label !== RIGHT
    ) {
      say("other bytes count");
    }
    if (request.verb !== "appendPiece" || !outcome?.ok || !("offset" in outcome)) continue;
    const { offset } = outcome;
    const less = operations.find((later) => {
      const found = later.request.verb === "uploadOffset" && later.request.id === request.id &&
        later.outcome;
      return found && found.ok && "offset" in found && later.invoked.order >= returned!.order &&
        found.offset < offset;
    });
    if (less !== undefined) say(`later: ${describeOperation(less)}`);
  }
  return findings;
}
