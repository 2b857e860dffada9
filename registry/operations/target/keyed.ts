// Saves that are known by an idempotency key: a repeat returns the first result, whatever became of
// it.
//
// The key has a cell of its own. Before anything is created for the first time, the target that
// will be tried is written there; a repeat looks at that target first and never tries another while
// it may still be won. A save that has nothing to write commits to that there too: of a key's
// generation one says what comes of it.
import { fault, type RegistryError } from "../../../core/errors.ts";
import { encodeRecord } from "../../format/record_codec.ts";
import type { AnyRecord, KeyRecord, VersionRecord } from "../../../core/record.ts";
import { parseVersion } from "../../../core/naming/versions.ts";
import { createRecord, knownFrom, type KnownHead, viewHead } from "../../cell/cell.ts";
import type { Context } from "../context.ts";
import {
  type FoundRecord,
  misplaced,
  readHead,
  readRecord,
  recordOfKind,
} from "../../cell/heads.ts";
import { keyCell, recordKey, versionCell } from "../../format/layout.ts";
import type { Operation } from "../../cell/operation.ts";
import { settle, settleVersion } from "../../cell/settle.ts";
import { sinceAbove } from "../../cell/since.ts";
import { isVoid } from "../../cell/voids.ts";
import type { Choice, TargetChooser } from "./target.ts";

/** What a save with this key has saved, where it has and that is still there. */
export async function findSaved(
  context: Context,
  { name, key }: { name: string; key: string },
  signal?: AbortSignal,
): Promise<FoundRecord | undefined> {
  const head = await readHead(context, keyCell(name, key), signal);
  const used = head && await readRecord(context, head, signal);
  if (used === undefined) return undefined;
  const record = recordOfKind(used, "key");
  const { target } = record;
  const cell = versionCell(name, parseVersion(target.version), context.settings.versioned);
  const found = await readRecord(context, recordKey(cell, target.generation), signal);
  return found !== undefined && await isResult(context, record, found, signal) ? found : undefined;
}

/** Whether this is what a save with the key ended in. A record that does not count is nobody's result. */
async function isResult(
  context: Context,
  { key, existing }: Pick<KeyRecord, "key" | "existing">,
  found: FoundRecord,
  signal?: AbortSignal,
): Promise<boolean> {
  const { record } = found;
  if (record.kind !== "version") return false;
  const meant = existing === undefined ? record.key === key : record.commit === existing;
  return meant && !await isVoid(context, found, signal);
}

export interface KeyedSave {
  name: string;
  key: string;
  /** Whether the content decides if anything is saved: before it is known no target is kept, for that would be left. */
  undecided: boolean;
}

/** Whether it stands in the place of a version whose content the janitor removed. */
function isEmptied(record: AnyRecord): boolean {
  return record.kind === "scrubbed" || (record.kind === "deleted" && record.digest !== undefined);
}

/** Chooses through `inner`, and keeps its choices in the key's cell. */
export function keyedTarget(
  context: Context,
  operation: Operation,
  { name, key, undecided }: KeyedSave,
  inner: TargetChooser,
): TargetChooser {
  const cell = keyCell(name, key);
  let known: KnownHead | undefined;

  return {
    async recall() {
      known = await viewHead(context, operation, cell, known);
      const earlier = known && await tried(known);
      return earlier && "existing" in earlier ? earlier.existing : undefined;
    },

    choose: (early) => decide(() => inner.choose(early), early && undecided),

    keep: (existing) => decide(() => inner.keep(existing)),

    async lost(target, found) {
      if (await isResult(context, { key }, found, operation.signal)) return found;
      const existing = await inner.lost(target, found);
      const choice = existing && await decide(() => inner.keep(existing));
      return choice && "existing" in choice ? choice.existing : undefined;
    },
  };

  /** What the key's cell says; where it says nothing that still holds, what is offered, which it says from then on. */
  async function decide(offer: () => Promise<Choice>, undecided = false): Promise<Choice> {
    known = await viewHead(context, operation, cell, known);
    for (;;) {
      const earlier = known === undefined ? undefined : await tried(known);
      if (earlier !== undefined) return earlier;
      const choice = await offer();
      if (undecided && "target" in choice) return choice;
      if ("existing" in choice) await settleVersion(context, choice.existing, operation.signal);
      const generation = (known?.generation ?? 0) + 1;
      const outcome = await createRecord(
        context,
        operation,
        recordKey(cell, generation),
        encode(choice, generation),
      );
      if (outcome.won) return choice;
      known = await knownFrom(context, operation, generation, outcome.found); // somebody repeats the same save at this moment
    }
  }

  function encode(choice: Choice, generation: number): Uint8Array {
    const base = {
      ...operation.recordBase(generation, known?.previous),
      kind: "key" as const,
      name,
      key,
    };
    if ("target" in choice) {
      const { version, generation } = choice.target;
      return encodeRecord({ ...base, target: { version: version.canonical, generation } });
    }
    const { version, generation: there, commit } = choice.existing.record as VersionRecord;
    const target = { version: parseVersion(version).canonical, generation: there };
    return encodeRecord({ ...base, target, existing: commit });
  }

  /** What became of the target that was tried: undefined where somebody else's save is there. */
  async function tried({ found }: KnownHead): Promise<Choice | undefined> {
    if (found === undefined) throw spent("its record is damaged");
    const record = recordOfKind(found, "key");
    if (record.name !== name || record.key !== key) throw misplaced(found.info.key, record);
    if (record.commit !== operation.commit) {
      await settle(context, [found.info.key], operation.signal);
    }
    const { target, existing } = record;
    const version = parseVersion(target.version);
    const { generation } = target;
    const where = versionCell(name, version, context.settings.versioned);
    const read = () => readRecord(context, recordKey(where, generation), operation.signal);
    let there = await read();
    if (there === undefined && existing === undefined) {
      const head = await viewHead(context, operation, where);
      if ((head?.generation ?? 0) < generation) {
        const { previous } = head ?? {};
        return { target: { version, cell: where, generation, previous, since: sinceAbove(head) } };
      }
      there = await read(); // it may have landed between the two looks
    }
    const isKept = existing === undefined || there?.record.commit === existing;
    if (there === undefined || isEmptied(there.record) || !isKept) {
      throw spent("the version that it may have saved, or found, was replaced since");
    }
    return await isResult(context, record, there, operation.signal)
      ? { existing: there }
      : undefined;
  }

  function spent(state: string): RegistryError {
    return fault({
      code: "Conflict",
      action: "save",
      subject: `"${name}" with idempotency key "${key}" again`,
      state,
      hint: "Look at the versions, and use a new key for a new save.",
      backend: context.backend.location,
    });
  }
}
