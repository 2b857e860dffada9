// Checks the results of writers against the data.
import type { VersionRecord } from "../../../core/record.ts";
import { memoryMs } from "../../../registry/maintenance/collection.ts";
import { FIRST_VERSION, parseVersion } from "../../../core/naming/versions.ts";
import { type Cell, type CellState, type Landing, statesDuring } from "../ledger.ts";
import { describeOperation, isSaving } from "../operation_log.ts";
import type { LoggedOperation, Request, Saving } from "../operation_log.ts";
import type { BrokenInvariant, Evidence, Invariant } from "./evidence.ts";

export function checkWrites(evidence: Evidence): BrokenInvariant[] {
  const { ledger, operations, settings, labelOf } = evidence;
  const findings: BrokenInvariant[] = [];
  const landings = landingsByOwner(evidence);

  for (const operation of operations) {
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
    if (outcome.ok) checkAcknowledged(operation, commits, say);
    else checkRefused(operation, commits, outcome.error, say);
  }
  checkKeys(evidence, findings);
  checkGaps(evidence, findings);
  return findings;

  function checkAcknowledged(operation: LoggedOperation, commits: Landing[], say: Say): void {
    const { request, outcome } = operation;
    const done = outcome!.ok &&
      ("saved" in outcome! ? !outcome.saved.skipped : "done" in outcome! && outcome.done);
    if ((isSaving(request) || request.verb === "undelete") && outcome!.ok && "saved" in outcome!) {
      const { commit, version } = outcome.saved;
      const cell = cellOf(request.name, version);
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
      if (!commits.includes(landing)) return checkEarlierCommit(operation, landing, say);
    } else if (request.verb === "deleteAll") {
      for (const cell of ledger.cellsOf(request.name, "version")) {
        if (during(cell, operation).every(isLive)) {
          say("an acknowledged change is kept", `${cell.place.cell} was live throughout`);
        }
      }
    } else if (done && commits.length === 0 && request.verb === "setAlias") {
      const heads = during(aliasOf(request), operation).flatMap(({ head }) => head ?? []);
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
      const states = during(cellOf(request.name, request.version), operation);
      if (states.every(isLive)) {
        say("operations on a cell are linearizable", "there was such a version throughout");
      }
    }
    for (const landing of commits) {
      if (landing.order > operation.returned!.order) {
        say("an acknowledged change is kept", "it happened afterwards");
      }
      checkCondition(request, landing, say);
    }
  }

  /** The result is an earlier record: skipped, or of the same idempotency key. */
  function checkEarlierCommit(operation: LoggedOperation, landing: Landing, say: Say): void {
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

  function checkCondition(request: Request, landing: Landing, say: Say): void {
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
      if (
        options.onConflict !== "overwrite" && options.ifCommit === undefined &&
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

  function checkRefused(
    operation: LoggedOperation,
    commits: Landing[],
    error: unknown,
    say: Say,
  ): void {
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
    if (name !== "RegistryError" || !fits(operation, request, code!)) {
      say("errors are RegistryErrors that fit", "nothing that happened explains it");
    }
  }

  function fits(operation: LoggedOperation, request: Request, code: string): boolean {
    if (code === "Unavailable" || code === "Denied") return !operation.undisturbed;
    if (isSaving(request)) {
      const { version, ifCommit, onConflict } = request.options;
      const cell = version === undefined && settings.versioned
        ? undefined
        : cellOf(request.name, version ?? "1.0.0");
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
      if (code === "Conflict" && isSpent(request.name, request.options.idempotencyKey)) return true;
      if (code === "Conflict" && isOfAnother(operation, request)) return true;
      if (code === "Conflict" || code === "NotFound") {
        return ifCommit !== undefined &&
          states.some(({ head }) => head?.record.commit !== ifCommit);
      }
      return false;
    }
    if (request.verb === "undelete") return fitsUndelete(operation, request, code);
    if (request.verb === "delete") {
      const states = during(cellOf(request.name, request.version), operation);
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
        version !== null && during(cellOf(request.name, version), operation).some(isLive);
      return code === "Conflict" && !request.force &&
        ledger.cellsOf(request.name, "alias").some((cell) =>
          during(cell, operation).some(({ head }) => named(aliasTarget(head)))
        );
    }
    if (request.verb === "setAlias") {
      if (code === "NotFound") {
        return during(cellOf(request.name, request.version), operation).some((state) =>
          !isLive(state)
        );
      }
      return code === "Conflict" && request.expected !== undefined &&
        during(aliasOf(request), operation).some(({ head }) =>
          aliasTarget(head) !== request.expected
        );
    }
    return false;
  }

  /** A deleted version can be restored for its grace period. */
  function fitsUndelete(
    operation: LoggedOperation,
    { name, version }: { name: string; version: string },
    code: string,
  ): boolean {
    const cell = cellOf(name, version);
    const states = during(cell, operation);
    if (code === "AlreadyExists") return states.some(isLive);
    if (code !== "NotFound") return false;
    return states.some(({ head }) =>
      head?.record.kind !== "deleted" || // never saved, or expired
      operation.returned!.at >= head.at + settings.graceMs
    ) || cell!.landings.some(({ late }) => late);
  }

  /** Returns true if gc may have removed the result of a key, so that a repeat cannot know it. */
  function isSpent(name: string, key?: string): boolean {
    const cell = ledger.cellsOf(name, "key").find(({ place }) => place.label === key);
    return cell !== undefined && cell.landings.some(({ record }) => {
      if (record.kind !== "key") return false;
      const { version, generation } = record.target;
      const tried = cellOf(name, version)?.landings.filter(({ place }) =>
        place.generation >= generation
      ) ?? [];
      return tried.some(({ present, scrubbed }) => scrubbed || !present);
    });
  }

  /** Returns true if a key was used for another version, or one that replaced another commit. */
  function isOfAnother(
    { returned }: LoggedOperation,
    { name, options: { version, ifCommit, idempotencyKey } }: Saving,
  ): boolean {
    const key = ledger.cellsOf(name, "key").find(({ place }) => place.label === idempotencyKey);
    return key !== undefined && key.landings.some(({ order, record }) => {
      if (order > returned!.order || record.kind !== "key") return false;
      const { target } = record;
      if (version !== undefined && parseVersion(version).canonical !== target.version) return true;
      return ifCommit !== undefined &&
        cellOf(name, target.version)?.landings.some(({ before, place }) =>
            place.generation === target.generation && before?.record.commit !== ifCommit
          ) === true;
    });
  }

  function aliasOf({ name, alias }: { name: string; alias: string }): Cell | undefined {
    return ledger.cellsOf(name, "alias").find(({ place }) => place.label === alias);
  }

  function cellOf(name: string, version: string): Cell | undefined {
    const { canonical } = settings.versioned ? parseVersion(version) : FIRST_VERSION;
    return ledger.cellsOf(name, "version").find(({ place }) =>
      place.version!.canonical === canonical
    );
  }
}

type Say = (promise: Invariant, state: string) => void;

/** Returns the states of a cell during an operation. */
export function during(
  cell: Cell | undefined,
  { invoked, returned }: LoggedOperation,
): CellState[] {
  return statesDuring(cell, invoked.order, returned?.order ?? Infinity);
}

/** Returns true if a cell has a version. */
export function isLive({ head }: CellState): boolean {
  return head?.record.kind === "version";
}

function isWrite(request: Request): boolean {
  return isOne(request) || request.verb === "deleteAll";
}

/** Returns true if a request commits at most once. */
function isOne(request: Request): boolean {
  return isSaving(request) ||
    ["delete", "undelete", "setAlias", "deleteAlias"].includes(request.verb);
}

/** Returns the version of an alias, or null. */
export function aliasTarget(landing: Landing | undefined): string | null {
  return landing?.record.kind === "alias" ? landing.record.version : null;
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
