// Saves with an idempotency key: a repeat returns the first result.
//
// The key has its own cell. Before a save creates a record, it writes the target there. A repeat
// checks that target first, and tries no other while it may still be won. A save without anything
// to write commits the existing version there. Each generation of the key's cell has one result.
import { conflict } from "../../../core/errors.ts";
import { encodeRecord } from "../../format/record_codec.ts";
import { newAliases } from "../../../core/naming/refs.ts";
import type { AnyRecord, KeyRecord, VersionRecord } from "../../../core/record.ts";
import { FIRST_VERSION, parseVersion } from "../../../core/naming/versions.ts";
import { type CheckedOptions, ONLY_CHECKED } from "../../../core/registry/operations/saving.ts";
import type { SaveOptions } from "../../../core/registry/operations/saving.ts";
import { createRecord, knownFrom, type KnownHead, viewHead } from "../../cell/cell.ts";
import type { Context } from "../context.ts";
import { misplaced, readHead, readRecord, recordOfKind } from "../../cell/heads.ts";
import type { FoundRecord } from "../../cell/heads.ts";
import { aliasCell, cellOf, keyCell, recordKey, versionCell } from "../../format/layout.ts";
import type { Operation } from "../../cell/operation.ts";
import { settle, settleVersion } from "../../cell/settle.ts";
import { sinceAbove } from "../../cell/since.ts";
import { isVoid, mayBecomeVoid } from "../../cell/voids.ts";
import { automaticTarget, explicitTarget } from "./target.ts";
import type { Choice, Target, TargetChooser } from "./target.ts";

/** The result of an earlier save with a key, and the record of the key. */
export interface SavedBefore {
  version: FoundRecord;
  used: FoundRecord;
}

/**
 * Returns the result of a save with this key, if it still exists and is what `save` asks for. With
 * `lasting`, only if it cannot expire: a save with the same key would write it again.
 */
export async function findSaved(
  context: Context,
  { lasting = false, ...save }: KeyedSave & { lasting?: boolean },
  signal?: AbortSignal,
): Promise<SavedBefore | undefined> {
  const earlier = await readKey(context, save, signal);
  if (earlier?.version === undefined) return undefined;
  const { used, record, version } = earlier;
  if (lasting && await mayBecomeVoid(context, version, signal)) return undefined;
  if (!await isResult(context, record, version, signal)) return undefined;
  checkSame(context, save, record, version.record.previous);
  return { version, used };
}

/** True if a save with this key has saved a version that was deleted and collected since. */
export async function isSpent(
  context: Context,
  save: Pick<KeyedSave, "name" | "key">,
  signal?: AbortSignal,
): Promise<boolean> {
  const version = (await readKey(context, save, signal))?.version;
  return version !== undefined && isEmptied(version.record);
}

/** Reads the record of a key, if it was used, and what is where it says that the version is. */
async function readKey(
  context: Context,
  { name, key }: Pick<KeyedSave, "name" | "key">,
  signal?: AbortSignal,
) {
  const head = await readHead(context, keyCell(name, key), signal);
  const used = head && await readRecord(context, head, signal);
  if (used === undefined) return undefined;
  const record = recordOfKind(used, "key");
  const { target } = record;
  const cell = versionCell(name, parseVersion(target.version), context.settings.versioned);
  const version = await readRecord(context, recordKey(cell, target.generation), signal);
  return { used, record, version };
}

/** True if the version of a record was deleted: a save that returned it would have saved nothing. */
export async function isDeleted(
  context: Context,
  { info: { key } }: FoundRecord,
  signal?: AbortSignal,
): Promise<boolean> {
  const cell = key.slice(0, key.lastIndexOf("/") + 1);
  return (await readHead(context, cell, signal))?.dead ?? true;
}

/** True for the result of a save with the key. Records that do not count are no result. */
async function isResult(
  context: Context,
  { key, existing }: Pick<KeyRecord, "key" | "existing">,
  object: FoundRecord,
  signal?: AbortSignal,
): Promise<boolean> {
  const { record } = object;
  if (record.kind !== "version") return false;
  const isOfSave = existing === undefined ? record.key === key : record.commit === existing;
  return isOfSave && !await isVoid(context, object, signal);
}

type KeyedSave =
  & Pick<SaveOptions, "version" | "ifCommit" | "skipIfUnchanged" | "alias">
  & CheckedOptions
  & { name: string; key: string };

/** Throws `Conflict` for another target, without naming it: its reader may lack the right. */
function checkSame(context: Context, save: KeyedSave, used: KeyRecord, previous?: string): void {
  const { version, ifCommit, skipIfUnchanged } = save;
  const isFound = used.existing !== undefined;
  if (isFound && skipIfUnchanged) return; // of any version
  if (version !== undefined && parseVersion(version).canonical !== used.target.version) {
    throw spent(context, save, "the key was used for another version");
  }
  if (isFound || ifCommit === undefined || ifCommit === previous) return;
  throw spent(context, save, "the key was used with another `ifCommit`");
}

function spent(context: Context, { name, key }: KeyedSave, state: string, commit?: string) {
  return conflict("save", `"${name}" with idempotency key "${key}" again`, state, {
    hint: "Nothing was saved. Use a new key for a new save.",
    backend: context.backend.location,
    commit,
  });
}

/** True for a record that replaced a garbage collected version. */
function isEmptied(record: AnyRecord): boolean {
  return record.kind === "scrubbed" || (record.kind === "deleted" && record.digest !== undefined);
}

/** Chooses with `inner`, and stores the choices in the key's cell. */
class KeyedTarget implements TargetChooser {
  repeats?: FoundRecord;
  readonly #context: Context;
  readonly #operation: Operation;
  readonly #save: KeyedSave;
  readonly #inner: TargetChooser;
  readonly #cell: string;
  /** The last known head of the key's cell. */
  #known?: KnownHead;
  /** The generation above the result of an earlier save, if that may expire. */
  #again?: Target;

  constructor(context: Context, operation: Operation, save: KeyedSave, inner: TargetChooser) {
    this.#context = context;
    this.#operation = operation;
    this.#save = save;
    this.#inner = inner;
    this.#cell = keyCell(save.name, save.key);
  }

  async recall(): Promise<FoundRecord | undefined> {
    const known = await this.#view();
    const earlier = known && await this.#tried(known);
    if (earlier === undefined || !("existing" in earlier)) return undefined;
    this.repeats = known!.found;
    return earlier.existing;
  }

  choose(early: boolean): Promise<Choice> {
    return this.#decide(() => this.#inner.choose(early), early && this.#save.skipIfUnchanged);
  }

  keep(existing: FoundRecord): Promise<Choice> {
    return this.#decide(() => this.#inner.keep(existing));
  }

  async lost(target: Target, winner: FoundRecord): Promise<FoundRecord | undefined> {
    const { key } = this.#save;
    const { signal } = this.#operation;
    if (await isResult(this.#context, { key }, winner, signal)) {
      return await mayBecomeVoid(this.#context, winner, signal) ? undefined : winner;
    }
    const existing = await this.#inner.lost(target, winner);
    const choice = existing && await this.keep(existing);
    return choice && "existing" in choice ? choice.existing : undefined;
  }

  async #view(): Promise<KnownHead | undefined> {
    return this.#known = await viewHead(this.#context, this.#operation, this.#cell, this.#known);
  }

  /** Returns the stored choice if it still holds, else stores and returns the offered one. */
  async #decide(offer: () => Promise<Choice>, undecided = false): Promise<Choice> {
    const context = this.#context;
    const operation = this.#operation;
    await this.#view();
    for (;;) {
      const known = this.#known;
      const earlier = known === undefined ? undefined : await this.#tried(known);
      const used = known?.found;
      if (earlier !== undefined) {
        this.repeats = used?.record.commit === operation.commit ? undefined : used;
        return earlier;
      }
      const choice = this.#again === undefined ? await offer() : { target: this.#again };
      if (this.#save[ONLY_CHECKED] || (undecided && "target" in choice)) return choice;
      if ("existing" in choice) await settleVersion(context, choice.existing, operation.signal);
      const generation = (known?.generation ?? 0) + 1;
      const key = recordKey(this.#cell, generation);
      const bytes = await this.#encode(choice, generation);
      const outcome = await createRecord(context, operation, key, bytes);
      if (outcome.won) {
        this.repeats = undefined;
        return choice;
      }
      // A repeat of the same save was faster.
      this.#known = await knownFrom(context, operation, generation, outcome.found);
    }
  }

  async #encode(choice: Choice, generation: number): Promise<Uint8Array> {
    const { name, key, alias } = this.#save;
    const aliases: [string, number][] = [];
    for (const each of newAliases(alias)) {
      const head = await readHead(this.#context, aliasCell(name, each), this.#operation.signal);
      aliases.push([each, head?.generation ?? 0]);
    }
    const recordBase = this.#operation.recordBase(generation, this.#known?.previous);
    const base = {
      ...recordBase,
      kind: "key" as const,
      name,
      key,
      ...(aliases.length > 0 && { aliases }),
    };
    if ("target" in choice) {
      const { version, generation } = choice.target;
      return encodeRecord({ ...base, target: { version: version.canonical, generation } });
    }
    const { version, generation: existingGeneration, commit } = choice.existing
      .record as VersionRecord;
    const target = { version: parseVersion(version).canonical, generation: existingGeneration };
    return encodeRecord({ ...base, target, existing: commit });
  }

  /** Returns the outcome of the tried target; undefined if another save has written there. */
  async #tried({ found }: KnownHead): Promise<Choice | undefined> {
    const context = this.#context;
    const operation = this.#operation;
    const { name, key } = this.#save;
    if (found === undefined) throw spent(context, this.#save, "its record is damaged");
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
    let object = await read();
    if (object === undefined && existing === undefined) {
      const head = await viewHead(context, operation, where);
      if ((head?.generation ?? 0) < generation) {
        const previous = head?.previous;
        checkSame(context, this.#save, record, previous);
        const asked = parseVersion(this.#save.version ?? target.version); // with build metadata
        const since = sinceAbove(head);
        return { target: { version: asked, cell: where, generation, previous, since } };
      }
      object = await read(); // it may have landed between the two lookups
    }
    const isKept = existing === undefined || object?.record.commit === existing;
    if (object === undefined || isEmptied(object.record) || !isKept) {
      throw spent(context, this.#save, "the version that it may have saved or found was replaced");
    }
    return await this.#resultOf(record, object);
  }

  async #resultOf(record: KeyRecord, object: FoundRecord): Promise<Choice | undefined> {
    const context = this.#context;
    const { signal } = this.#operation;
    if (!await isResult(context, record, object, signal)) return undefined;
    checkSame(context, this.#save, record, object.record.previous);
    this.#again = await this.#aboveUnsettled(record, object);
    if (this.#again !== undefined) return undefined;
    if (!await isDeleted(context, object, signal)) return { existing: object };
    const state = `version ${record.target.version}, which it saved or found, was deleted`;
    throw spent(context, this.#save, state, object.record.commit);
  }

  /**
   * Returns the generation above a record of this save that landed late and refers to payload: a
   * collector that listed the name before may still remove that. Undefined if it cannot expire, or
   * does not count any more.
   */
  async #aboveUnsettled(
    { target: { version, generation } }: KeyRecord,
    object: FoundRecord,
  ): Promise<Target | undefined> {
    const context = this.#context;
    if (!await mayBecomeVoid(context, object, this.#operation.signal)) return undefined;
    const cell = cellOf(object.info.key);
    const head = await viewHead(context, this.#operation, cell);
    if (head?.generation !== generation) return undefined;
    const asked = parseVersion(this.#save.version ?? version);
    const previous = this.#save.ifCommit ?? head.previous; // by which repeats are known
    return { version: asked, cell, generation: generation + 1, previous, since: sinceAbove(head) };
  }
}

export function createChooser(
  context: Context,
  operation: Operation,
  { name, above }: { name: string; above?: number },
  options: SaveOptions & CheckedOptions,
): TargetChooser {
  const { version, bump, ifCommit, idempotencyKey: key } = options;
  const { onConflict = ifCommit === undefined ? "fail" : "overwrite" } = options;
  const automatic = version === undefined && context.settings.versioned;
  const named = { name, version: version === undefined ? FIRST_VERSION : parseVersion(version) };
  const chooser = automatic
    ? automaticTarget(context, operation, name, bump)
    : explicitTarget(context, operation, named, { onConflict, ifCommit, above });
  if (key === undefined) return chooser;
  return new KeyedTarget(context, operation, { ...options, name, key }, chooser);
}
