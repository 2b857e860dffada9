// Checks writes that were refused against the data.
import { parseVersion } from "../../../core/naming/versions.ts";
import type { Landing } from "../ledger.ts";
import { isSaving } from "../operation_log.ts";
import type { LoggedOperation, Saving } from "../operation_log.ts";
import { aliasOf, aliasTarget, cellOf, during, isLive } from "./cell_states.ts";
import type { CheckedWrite, Evidence } from "./evidence.ts";

/** Checks what was refused: nothing happened, and its error fits. */
export function checkRefused(
  evidence: Evidence,
  { operation, commits, error, say }: CheckedWrite & { error: unknown },
): void {
  const { ledger } = evidence;
  const { request } = operation;
  const { name, code } = (error ?? {}) as { name?: string; code?: string };
  if (code === "Unknown" && !operation.undisturbed) return;
  if (
    request.verb === "deleteAll" && (code === "Unavailable" || code === "Denied") &&
    !operation.undisturbed
  ) return;
  const isWithAlias = isSaving(request) && request.options.alias !== undefined; // after its commit
  // Versions go one after another: one that an alias is set to meanwhile ends that.
  const isNamedMeanwhile = request.verb === "deleteAll" && code === "Conflict" &&
    ledger.cellsOf(request.name, "alias").some((cell) => during(cell, operation).length > 1);
  if (commits.length > 0 && !isWithAlias && !isNamedMeanwhile) {
    say("a failed operation has no effect", `${commits[0].key} was written`);
  }
  if (operation.aborted && name === "AbortError") return;
  if (name !== "RegistryError" || !fits(evidence, operation, code!)) {
    say("errors are RegistryErrors that fit", "nothing that happened explains it");
  }
}

/** Returns true if something that happened explains an error. */
function fits(evidence: Evidence, operation: LoggedOperation, code: string): boolean {
  const { ledger, settings } = evidence;
  const { request } = operation;
  if (code === "Unavailable" || code === "Denied") return !operation.undisturbed;
  if (isSaving(request)) {
    const { version, ifCommit, onConflict } = request.options;
    const cell = version === undefined && settings.versioned
      ? undefined
      : cellOf(evidence, request.name, version ?? "1.0.0");
    const states = during(cell, operation);
    if (code === "AlreadyExists") {
      const used = cell?.landings.some(({ order }) => order <= operation.returned!.order) ??
        false;
      return used && (onConflict !== "skip" || states.some((state) => !isLive(state)));
    }
    if (code === "NotFound" && request.verb === "copy") return true; // see checkSources
    // A part may not exist yet, and a draft may have been abandoned.
    if (request.verb === "commitDraft" && (code === "NotFound" || code === "Conflict")) {
      return true;
    }
    if (code === "Conflict" && isSpent(evidence, operation, request)) return true;
    if (code === "Conflict" && isOfAnother(evidence, operation, request)) return true;
    if (code === "Conflict" || code === "NotFound") {
      return ifCommit !== undefined &&
        states.some(({ head }) => head?.record.commit !== ifCommit);
    }
    return false;
  }
  if (request.verb === "undelete") return fitsUndelete(evidence, { operation, request, code });
  if (request.verb === "delete") {
    const states = during(cellOf(evidence, request.name, request.version), operation);
    if (code === "NotFound") return states.some((state) => !isLive(state));
    if (code !== "Conflict") return false;
    if (
      request.ifCommit !== undefined &&
      states.some(({ head }) => head?.record.commit !== request.ifCommit)
    ) {
      return true;
    }
    return !request.force &&
      ledger.cellsOf(request.name, "alias").some((cell) =>
        during(cell, operation).some(({ head }) => aliasTarget(head) === request.version)
      );
  }
  if (request.verb === "deleteAll") {
    const named = (version: string | null) =>
      version !== null && during(cellOf(evidence, request.name, version), operation).some(isLive);
    return code === "Conflict" && !request.force &&
      ledger.cellsOf(request.name, "alias").some((cell) =>
        during(cell, operation).some(({ head }) => named(aliasTarget(head)))
      );
  }
  if (request.verb === "setAlias") {
    if (code === "NotFound") {
      return during(cellOf(evidence, request.name, request.version), operation).some((state) =>
        !isLive(state)
      );
    }
    return code === "Conflict" && request.expected !== undefined &&
      during(aliasOf(evidence, request), operation).some(({ head }) =>
        aliasTarget(head) !== request.expected
      );
  }
  return false;
}

/** A deleted version can be restored for its grace period. */
function fitsUndelete(
  evidence: Evidence,
  { operation, request: { name, version }, code }: {
    operation: LoggedOperation;
    request: { name: string; version: string };
    code: string;
  },
): boolean {
  const cell = cellOf(evidence, name, version);
  const states = during(cell, operation);
  if (code === "AlreadyExists") {
    return states.some((state) => isLive(state) && !expiresAboveDeletion(evidence, state.head!));
  }
  if (code !== "NotFound") return false;
  return states.some(({ head }) =>
    head?.record.kind !== "deleted" || // never saved, or expired
    operation.returned!.at >= head.at + evidence.settings.graceMs
  ) || cell!.landings.some(({ late }) => late);
}

/** Returns true for a version that expired later, so that the deletion below it counts again. */
function expiresAboveDeletion({ ledger }: Evidence, landing: Landing): boolean {
  return landing.before?.record.kind === "deleted" && ledger.undone.has(landing);
}

/** Returns true if the result of a key was deleted, or gc may have removed it: no repeat has it. */
function isSpent(
  evidence: Evidence,
  { returned }: LoggedOperation,
  { name, options: { idempotencyKey } }: Saving,
): boolean {
  const { ledger } = evidence;
  const cell = ledger.cellsOf(name, "key").find(({ place }) => place.label === idempotencyKey);
  return cell !== undefined && cell.landings.some(({ record }) => {
    if (record.kind !== "key") return false;
    const { version, generation } = record.target;
    const tried = cellOf(evidence, name, version)?.landings.filter(({ place }) =>
      place.generation >= generation
    ) ?? [];
    return tried.some(({ present, scrubbed, record, order }) =>
      scrubbed || !present || record.kind === "deleted" && order <= returned!.order
    );
  });
}

/** Returns true if a key was used for another version, or one that replaced another commit. */
function isOfAnother(
  evidence: Evidence,
  { returned }: LoggedOperation,
  { name, options: { version, ifCommit, idempotencyKey } }: Saving,
): boolean {
  const { ledger } = evidence;
  const key = ledger.cellsOf(name, "key").find(({ place }) => place.label === idempotencyKey);
  return key !== undefined && key.landings.some(({ order, record }) => {
    if (order > returned!.order || record.kind !== "key") return false;
    const { target } = record;
    if (version !== undefined && parseVersion(version).canonical !== target.version) return true;
    return ifCommit !== undefined &&
      cellOf(evidence, name, target.version)?.landings.some(({ before, place }) =>
          place.generation === target.generation && before?.record.commit !== ifCommit
        ) === true;
  });
}
