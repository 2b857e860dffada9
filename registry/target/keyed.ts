/**
 * Saves that are known by an idempotency key: a repeat returns what the first one saved, whatever became of it.
 *
 * The key has a cell of its own. Before anything is created for the first time, the target that will be tried is
 * written there; a repeat looks at that target first and never tries another while it may still be won.
 *
 * @module
 */
import { RegistryError } from "../../core/errors.ts";
import { encodeRecord } from "../../core/record.ts";
import type { AnyRecord } from "../../core/record.ts";
import { parseVersion } from "../../core/versions.ts";
import { createRecord, knownFrom, viewHead } from "../cell/cell.ts";
import type { KnownHead } from "../cell/cell.ts";
import type { Context } from "../context.ts";
import { misplaced, readHead, readRecord, recordOfKind } from "../cell/heads.ts";
import type { FoundRecord } from "../cell/heads.ts";
import { keyCell, recordKey, versionCell } from "../layout.ts";
import type { Operation } from "../cell/operation.ts";
import { isVoid } from "../cell/voids.ts";
import type { Choice, Target, TargetChooser } from "./target.ts";

/** What a save with this key has saved, where it has and that is still there. */
export async function findSaved(
  context: Context,
  { name, key }: { name: string; key: string },
  signal?: AbortSignal,
): Promise<FoundRecord | undefined> {
  const head = await readHead(context, keyCell(name, key), signal);
  const used = head && await readRecord(context, head.key, signal);
  if (used === undefined) return undefined;
  const { target } = recordOfKind(used, "key");
  const cell = versionCell(name, parseVersion(target.version), context.settings.versioned);
  const found = await readRecord(context, recordKey(cell, target.generation), signal);
  return found !== undefined && await isSavedBy(context, key, found, signal) ? found : undefined;
}

/** Whether a save with this key wrote it. A record that does not count is nobody's result. */
async function isSavedBy(context: Context, key: string, found: FoundRecord, signal?: AbortSignal): Promise<boolean> {
  const { record } = found;
  return record.kind === "version" && record.key === key && !await isVoid(context, found, signal);
}

/** Whether it stands in the place of a version whose content the janitor removed. */
function isEmptied(record: AnyRecord): boolean {
  return record.kind === "scrubbed" || (record.kind === "deleted" && record.digest !== undefined);
}

/** Chooses through `inner`, and keeps its choices in the key's cell. */
export function keyedTarget(
  context: Context,
  operation: Operation,
  artifact: { name: string; key: string },
  inner: TargetChooser,
): TargetChooser {
  const { name, key } = artifact;
  const cell = keyCell(name, key);
  let known: KnownHead | undefined;

  return {
    async choose(early): Promise<Choice> {
      known = await viewHead(context, operation, cell, known);
      for (;;) {
        const earlier = known === undefined ? undefined : await tried(known);
        if (earlier !== undefined) return earlier;
        const choice = await inner.choose(early);
        if ("existing" in choice) return choice;
        const generation = (known?.generation ?? 0) + 1;
        const outcome = await createRecord(
          context,
          operation,
          recordKey(cell, generation),
          encode(choice.target, generation),
        );
        if (outcome.won) return choice;
        known = await knownFrom(context, operation, generation, outcome.found); // somebody repeats the same save at this moment
      }
    },

    async lost(target, found) {
      return await isOwn(found) ? found : await inner.lost(target, found);
    },
  };

  function encode(target: Target, generation: number): Uint8Array {
    return encodeRecord({
      ...operation.recordBase(generation, known?.previous),
      kind: "key",
      name,
      key,
      target: { version: target.version.canonical, generation: target.generation },
    });
  }

  /** What became of the target that was tried: undefined where somebody else's save is there. */
  async function tried({ found }: KnownHead): Promise<Choice | undefined> {
    if (found === undefined) throw spent("its record is damaged");
    const record = recordOfKind(found, "key");
    if (record.name !== name || record.key !== key) throw misplaced(found.info.key, record);
    const { target } = record;
    const version = parseVersion(target.version);
    const { generation } = target;
    const where = versionCell(name, version, context.settings.versioned);
    const read = () => readRecord(context, recordKey(where, generation), operation.signal);
    let there = await read();
    if (there === undefined) {
      const head = await viewHead(context, operation, where);
      if ((head?.generation ?? 0) < generation) {
        const previous = head?.previous;
        return { target: { version, cell: where, generation, ...(previous ? { previous } : {}) } };
      }
      there = await read(); // it may have landed between the two looks
    }
    if (there === undefined || isEmptied(there.record)) {
      throw spent("the version that it may have saved was replaced since");
    }
    return await isOwn(there) ? { existing: there } : undefined;
  }

  function isOwn(found: FoundRecord): Promise<boolean> {
    return isSavedBy(context, key, found, operation.signal);
  }

  function spent(state: string): RegistryError {
    return new RegistryError({
      code: "Conflict",
      message: `Cannot save "${name}" with idempotency key "${key}" again: ${state}`,
      hint: "Look at the versions, and use a new key for a new save.",
      backend: context.backend.location,
    });
  }
}
