// Checks writes that were acknowledged against the data.
import type { VersionRecord } from "../../../core/record.ts";
import type { Landing } from "../ledger.ts";
import { isSaving } from "../operation_log.ts";
import type { LoggedOperation, Request } from "../operation_log.ts";
import { aliasOf, aliasTarget, cellOf, during, isLive } from "./cell_states.ts";
import type { CheckedWrite, Evidence, Say } from "./evidence.ts";

/** Checks what was acknowledged: it happened meanwhile, and as asked for. */
export function checkAcknowledged(
  evidence: Evidence,
  { operation, commits, say }: CheckedWrite,
): void {
  const { ledger } = evidence;
  const { request, outcome } = operation;
  const done = outcome!.ok &&
    ("saved" in outcome! ? !outcome.saved.skipped : "done" in outcome! && outcome.done);
  if ((isSaving(request) || request.verb === "undelete") && outcome!.ok && "saved" in outcome!) {
    const { commit, version } = outcome.saved;
    const cell = cellOf(evidence, request.name, version);
    const landing = cell?.landings.find(({ record, visible }) =>
      visible && record.commit === commit
    );
    if (landing === undefined || landing.order > operation.returned!.order) {
      say("an acknowledged change is kept", `no visible record of commit ${commit}`);
      return;
    }
    if (!cell!.states.some(({ head }) => head === landing)) {
      say("an acknowledged change is kept", "it never counted");
    }
    if (ledger.undone.has(landing)) say("an acknowledged change is kept", "it was undone later");
    if (!commits.includes(landing)) {
      return checkEarlierCommit(evidence, { operation, landing, say });
    }
  } else if (request.verb === "deleteAll") {
    for (const cell of ledger.cellsOf(request.name, "version")) {
      if (during(cell, operation).every(isLive)) {
        say("an acknowledged change is kept", `${cell.place.cell} was live throughout`);
      }
    }
  } else if (done && commits.length === 0 && request.verb === "setAlias") {
    const heads = during(aliasOf(evidence, request), operation).flatMap(({ head }) => head ?? []);
    const same = heads.filter((head) => aliasTarget(head) === request.version);
    const { expected = request.version } = request;
    if (same.length === 0 || expected !== request.version) {
      say("an acknowledged change is kept", "the alias did not name the version");
    } else if (same.every((head) => ledger.undone.has(head))) {
      say("an acknowledged change is kept", "what it found was undone later");
    }
  } else if (done && commits.length === 0) {
    say("an acknowledged change is kept", "it did not happen");
  } else if (!done && request.verb === "delete") {
    const states = during(cellOf(evidence, request.name, request.version), operation);
    if (states.every(isLive)) {
      say("operations on a cell are linearizable", "there was such a version throughout");
    }
  }
  for (const landing of commits) {
    if (landing.order > operation.returned!.order) {
      say("an acknowledged change is kept", "it happened afterwards");
    }
    checkCondition(evidence, { request, landing, say });
  }
}

/** The result is an earlier record: skipped, or of the same idempotency key. */
function checkEarlierCommit(
  { ledger }: Evidence,
  { operation, landing, say }: { operation: LoggedOperation; landing: Landing; say: Say },
): void {
  const { request, outcome } = operation;
  if (!isSaving(request) || !outcome!.ok || !("saved" in outcome!)) return;
  const { idempotencyKey } = request.options;
  if (idempotencyKey !== undefined && (landing.record as VersionRecord).key === idempotencyKey) {
    return;
  }
  if (!outcome.saved.skipped) {
    return say("operations on a cell are linearizable", `it claims the commit of ${landing.key}`);
  }
  const states = during(ledger.cells.get(landing.place.cell), operation);
  if (!states.some(({ head }) => head === landing)) {
    say(
      "operations on a cell are linearizable",
      `what it skipped for was not there: ${landing.key}`,
    );
  }
}

/** Checks that a change replaced what its request allows. */
function checkCondition(
  { ledger, settings, labelOf }: Evidence,
  { request, landing, say }: { request: Request; landing: Landing; say: Say },
): void {
  const { before, place, record } = landing;
  const broken = (state: string) => say("operations on a cell are linearizable", state);
  const mayExpire = before !== undefined && before.late && before.needs.length > 0;
  if (isSaving(request)) {
    const { options } = request;
    const key = options.idempotencyKey;
    const isRepeat = mayExpire && (options.onConflict === "skip" ||
      key !== undefined && (before.record as VersionRecord).key === key);
    if (options.ifCommit !== undefined && before?.record.commit !== options.ifCommit) {
      broken(`it replaced ${before?.record.commit}`);
    }
    const replaces = settings.mutable && !settings.versioned && request.verb === "save";
    const onConflict = options.onConflict ?? (replaces ? "overwrite" : "fail");
    if (
      onConflict !== "overwrite" && options.ifCommit === undefined &&
      before !== undefined && !isRepeat
    ) {
      if (!settings.mutable || before.record.kind === "version") {
        broken(`it replaced ${before.key}`);
      }
    }
    if (!settings.mutable && place.generation > 1 && !isRepeat) {
      broken(`it wrote generation ${place.generation}`);
    }
  } else if (request.verb === "undelete") {
    if (before?.record.kind !== "deleted" && !mayExpire) {
      broken("it restored what was not deleted");
    }
    const { landings } = ledger.cells.get(place.cell)!;
    const deleted = landings.findLast(({ record: { kind }, order, late, lost }) =>
      kind === "version" && order < before!.order && !late && !lost
    );
    const expired = landings.some(({ late }) => late);
    if (!expired && labelOf(deleted!) !== labelOf(landing)) broken(`it restored ${landing.key}`);
  } else if (request.verb === "delete") {
    if (before?.record.kind !== "version") broken("it deleted what was not there");
    if (request.ifCommit !== undefined && before?.record.commit !== request.ifCommit) {
      broken(`it deleted ${before?.record.commit}`);
    }
  } else if (request.verb === "setAlias" && record.kind === "alias") {
    if (request.expected !== undefined && request.expected !== aliasTarget(before)) {
      broken(`the alias named ${aliasTarget(before)}`);
    }
  }
}
