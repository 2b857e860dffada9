// The versions of a name for `prune`: in a store, and by the methods of any registry.
import type { SignalOptions } from "../../../registry/mod.ts";
import { isRegistryError, mapAtOnce, orMissing } from "../../../core/kernel.ts";
import type { ArtifactInfo, Registry, VersionEntry } from "../../../mod.ts";
import { versionBefore } from "../../../core/naming/alias_history.ts";
import type { ListedName } from "../../../registry/extending.ts";
import { LAYOUT, type Records, type VersionHead } from "../../../registry/records.ts";
import { PERIOD_OPTIONS } from "./periods.ts";
import type { PruneOptions } from "./report.ts";

/** Options that decide which versions of a name stay. */
export type Retention = Pick<
  PruneOptions,
  (typeof PERIOD_OPTIONS)[number] | "keepLast" | "keepWhere" | "olderThanMs" | "keepAliased"
>;

export interface Listed {
  version: string;
  /** When the store received its newest record, milliseconds. */
  modifiedAt: number;
  generation: number;
}

/** Facts in the valid record of a version. Times are milliseconds. */
export interface Facts {
  /** When the store received it. */
  receivedAt: number;
  /** When it was made, by the writer's clock: it stays in mirrors and restored copies. */
  createdAt: number;
  /** Until when it stays because it was deleted and restored; absent if it never was. */
  restoredUntil?: number;
  /** Only if it was asked for. */
  info?: ArtifactInfo;
}

/** A name to prune. */
export interface Prunable<L extends Listed = Listed> {
  readonly name: string;
  /** Lists its versions, newest first. */
  list(): AsyncIterable<L>;
  /** Returns the versions that aliases and releases name, and those that aliases named before. */
  aliased(): Promise<string[]>;
  /** Reads the valid record; undefined if there is none. */
  read(listed: L, options: { info: boolean }): Promise<Facts | undefined>;
  /** Returns true for a version that `delete` refuses, unless `aliased` returns all of them. */
  isHeld?(listed: L): Promise<boolean>;
  /** Deletes a version, unless it was changed after it was listed. */
  delete(listed: L): Promise<"deleted" | "changed" | "gone">;
  /** Lists the name again from now on, if its lists are those of a pass over many names. */
  relist?(): void;
}

/** `pass` is what a pass over many names listed of this one: until `relist`, it is not listed. */
export function prunableInStore(
  context: Records,
  name: string,
  { pass, signal }: SignalOptions & { pass?: ListedName },
): Prunable<Listed & { found: VersionHead }> {
  let store = pass === undefined
    ? context
    : context.asListed([{ folder: LAYOUT.nameFolder(name), entries: pass.entries }]);
  const known = { aliases: new Map(), releases: new Map() };
  const before = new EarlierVersions(
    { history: (name, alias, options) => store.ofName(name).history(alias, options) },
    name,
    signal,
  );
  let annotations: ReturnType<ReturnType<Records["ofName"]>["ofVersions"]> | undefined;
  return {
    name,
    async *list() {
      annotations = undefined;
      for await (const listed of store.ofName(name).heads({ signal })) {
        const { generation, modifiedAt } = listed.head;
        yield { version: listed.version.canonical, modifiedAt, generation, found: listed };
      }
    },
    async aliased() {
      const { aliases, releases } = await store.ofName(name).holds({ known, signal });
      const earlier = await before.of(aliases);
      return [...[...aliases, ...releases].map(({ version }) => version), ...earlier];
    },
    async read({ version, found: { head: listed } }, { info }) {
      const located = await store.version(LAYOUT.cellOf(listed.key), { head: listed, signal });
      if (located === undefined) return undefined;
      const { record: { createdAt, restored = [] }, head: { modifiedAt } } = located;
      const graceMs = restored.length > 0
        ? await context.graceMs({ moment: modifiedAt }, signal)
        : undefined;
      const facts = {
        receivedAt: modifiedAt,
        createdAt: Date.parse(createdAt),
        ...graceMs !== undefined && { restoredUntil: modifiedAt + graceMs },
      };
      if (!info) return facts;
      annotations ??= store.ofName(name).ofVersions(signal);
      const notes = await (await annotations)(version);
      return {
        ...facts,
        info: { ...await store.ofName(name).info(located, { signal }), annotations: notes },
      };
    },
    delete: ({ found }) => context.ofName(name).delete(found, { signal }),
    relist: pass && (() => {
      store = context;
      annotations = undefined;
    }),
  };
}

/** The versions to which rollbacks would set aliases. A history is read once for each change. */
class EarlierVersions {
  readonly #registry: Pick<Registry, "history">;
  readonly #name: string;
  readonly #signal?: AbortSignal;
  readonly #known = new Map<string, string | undefined>();

  constructor(registry: Pick<Registry, "history">, name: string, signal?: AbortSignal) {
    this.#registry = registry;
    this.#name = name;
    this.#signal = signal;
  }

  /** Returns them. The `key` of an alias is another after each change. */
  async of(aliases: readonly { alias: string; key: string }[]): Promise<string[]> {
    const versions = await Array.fromAsync(mapAtOnce(aliases, (entry) => this.#before(entry)));
    return versions.filter((version) => version !== undefined);
  }

  async #before({ alias, key }: { alias: string; key: string }): Promise<string | undefined> {
    if (!this.#known.has(key)) {
      const named = { name: this.#name, alias };
      this.#known.set(key, await versionBefore(this.#registry, named, { signal: this.#signal }));
    }
    return this.#known.get(key);
  }
}

export function prunableByContract(
  registry: Registry,
  name: string,
  rules: Retention & SignalOptions,
): Prunable<Listed & Pick<VersionEntry, "info" | "error">> {
  const { keepAliased = true, signal } = rules;
  const before = new EarlierVersions(registry, name, signal);
  const infoOf = ({ version }: Listed) =>
    registry.info(`${name}@${version}`, { annotations: true, signal });
  const remove = async (listed: Listed, dryRun: boolean) => {
    try {
      const { commit, generation } = await infoOf(listed);
      if (generation !== listed.generation) return "changed";
      const options = { force: !keepAliased, ifCommit: commit, dryRun, signal };
      return await registry.delete(`${name}@${listed.version}`, options) ? "deleted" : "gone";
    } catch (error) {
      if (isRegistryError(error, "NotFound")) return "gone";
      if (isRegistryError(error, "Conflict")) return "changed";
      throw error;
    }
  };
  return {
    name,
    async *list() {
      const details = readsEach(rules);
      for await (const { modifiedAt, ...entry } of registry.versions(name, { details, signal })) {
        yield { ...entry, modifiedAt: modifiedAt.getTime() };
      }
    },
    async aliased() {
      const aliases = await Array.fromAsync(registry.aliases(name, { signal }));
      const changed = aliases.map(({ alias, version }) => ({ alias, key: `${alias} ${version}` }));
      return [...aliases.map(({ version }) => version), ...await before.of(changed)];
    },
    async read(listed, wants) {
      const { modifiedAt, generation, error } = listed;
      if (error !== undefined) throw error;
      const isRead = wants.info || generation > 1;
      const info = listed.info ?? (isRead ? await orMissing(infoOf(listed)) : undefined);
      if (wants.info && info === undefined) return undefined;
      return {
        receivedAt: modifiedAt,
        createdAt: info?.createdAt.getTime() ?? modifiedAt,
        ...info?.restored && { restoredUntil: modifiedAt + registry.settings.graceMs },
        ...info && { info },
      };
    },
    isHeld: async (listed) => await remove(listed, true) !== "deleted",
    delete: (listed) => remove(listed, false),
  };
}

/** Returns true if a rule needs the record of each version. */
export function readsEach(
  rules: Pick<Retention, typeof PERIOD_OPTIONS[number]> & { keepWhere?: unknown },
): boolean {
  return rules.keepWhere !== undefined || PERIOD_OPTIONS.some((option) => rules[option]);
}
