// The versions of a name for `prune`: in a store, and by the methods of any registry.
import type { ArtifactInfo } from "../../core/artifact.ts";
import { isRegistryError, orMissing } from "../../core/errors.ts";
import { versionBefore } from "../../core/naming/alias_history.ts";
import type { Registry, SignalOptions, VersionEntry } from "../../core/registry.ts";
import { mapAtOnce } from "../../core/work/at_once.ts";
import type { Context } from "../operations/context.ts";
import { annotationsOfName } from "../operations/annotations.ts";
import { listHolds, noneKnown } from "../operations/holds.ts";
import { graceAt, readGraces } from "../cell/graces.ts";
import { type VersionHead, versionHeads } from "../cell/heads.ts";
import { deleteListed } from "../operations/delete.ts";
import { cellOf } from "../format/layout.ts";
import { readCell } from "../operations/resolve.ts";
import { PERIOD_OPTIONS } from "./prune_periods.ts";
import type { PruneOptions } from "./prune_report.ts";

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

/** Times of the valid record, milliseconds; undefined if there is none, or it is unreadable. */
export interface Times {
  /** When the store received it. */
  receivedAt: number;
  /** When it was made, by the writer's clock: it stays in mirrors and restored copies. */
  createdAt: number;
  /** Until when it stays because it was deleted and restored; absent if it never was. */
  restoredUntil?: number;
}

/** A name to prune. */
export interface Prunable<L extends Listed = Listed> {
  readonly name: string;
  /** Lists its versions, newest first. */
  list(): AsyncIterable<L>;
  /** Returns the versions that aliases and releases name, and those that aliases named before. */
  aliased(): Promise<string[]>;
  times(listed: L): Promise<Times | undefined>;
  info(listed: L): Promise<ArtifactInfo>;
  /** Returns true for a version that `delete` refuses, unless `aliased` returns all of them. */
  isHeld?(listed: L): Promise<boolean>;
  /** Deletes a version, unless it was changed after it was listed. */
  delete(listed: L): Promise<"deleted" | "changed" | "gone">;
}

export function prunableInStore(
  context: Context,
  registry: Registry,
  name: string,
  signal?: AbortSignal,
): Prunable<Listed & { found: VersionHead }> {
  const known = noneKnown();
  const before = new EarlierVersions(registry, name, signal);
  let annotations: ReturnType<typeof annotationsOfName> | undefined;
  return {
    name,
    async *list() {
      annotations = undefined;
      for await (const listed of versionHeads(context, name, { signal })) {
        const { generation, modifiedAt } = listed.head;
        yield { version: listed.version.canonical, modifiedAt, generation, found: listed };
      }
    },
    async aliased() {
      const { aliases, releases } = await listHolds(context, { name }, { known, signal });
      const earlier = await before.of(aliases);
      return [...[...aliases, ...releases].map(versionOf), ...earlier];
    },
    async times({ found: { head } }) {
      const read = await readCell(context, cellOf(head.key), { head, signal });
      if (read === undefined) return undefined;
      const { record: { createdAt, restored = [] }, head: { modifiedAt } } = read;
      const graceMs = restored.length > 0
        ? graceAt(await readGraces(context, signal), modifiedAt)
        : undefined;
      return {
        receivedAt: modifiedAt,
        createdAt: Date.parse(createdAt),
        ...graceMs !== undefined && { restoredUntil: modifiedAt + graceMs },
      };
    },
    async info({ version }) {
      annotations ??= annotationsOfName(context, name, signal);
      const info = await registry.info(`${name}@${version}`, { signal });
      return { ...info, annotations: await (await annotations)(version) };
    },
    delete: ({ found }) => deleteListed(context, name, found, { signal }),
  };
}

/** The versions to which rollbacks would set aliases. A history is read once for each change. */
class EarlierVersions {
  readonly #registry: Registry;
  readonly #name: string;
  readonly #signal?: AbortSignal;
  readonly #known = new Map<string, string | undefined>();

  constructor(registry: Registry, name: string, signal?: AbortSignal) {
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

function versionOf({ version }: { version: string }): string {
  return version;
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
      return [...aliases.map(versionOf), ...await before.of(changed)];
    },
    async times(listed) {
      const { modifiedAt, generation, error } = listed;
      if (error !== undefined) throw error;
      const info = listed.info ?? (generation > 1 ? await orMissing(infoOf(listed)) : undefined);
      return {
        receivedAt: modifiedAt,
        createdAt: info?.createdAt.getTime() ?? modifiedAt,
        ...info?.restored && { restoredUntil: modifiedAt + registry.settings.graceMs },
      };
    },
    info: async (listed) => listed.info ?? await infoOf(listed),
    isHeld: async (listed) => await remove(listed, true) !== "deleted",
    delete: (listed) => remove(listed, false),
  };
}

/** Returns true if a rule needs the record of each version. */
export function readsEach(rules: Omit<Retention, "olderThanMs">): boolean {
  return rules.keepWhere !== undefined || PERIOD_OPTIONS.some((option) => rules[option]);
}
