// Retention of one name: which of its versions stay, and deleting the others.
import { isRegistryError, type RegistryError } from "../../core/errors.ts";
import { inWords } from "../contract/verb_errors.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import type { PruneOptions, PruneReport } from "./prune_report.ts";
import type { Registry } from "../../core/registry.ts";
import { type KnownAliases, readAliases } from "../operations/aliases.ts";
import { type VersionHead, versionHeads } from "../cell/heads.ts";
import { deleteListed } from "../operations/delete.ts";
import { cellOf } from "../format/layout.ts";
import type { Context } from "../operations/context.ts";
import { readCell } from "../operations/resolve.ts";

/** The rules, and where their effect is reported. */
export interface PruneRules {
  /** Number of the newest versions to keep. */
  keepLast: number;
  /** Versions that the store received at this time or later stay, milliseconds. */
  youngFrom: number;
  keepAliased: boolean;
  report: PruneReport;
  onDeleted?: PruneOptions["onDeleted"];
}

/** Versions that are read or deleted between two looks at what is to be kept. */
const AT_ONCE = 16;

interface Standing {
  /** When the store received the record that counts; undefined where none does or it cannot be read. */
  receivedAt?: number;
  failure?: unknown;
}

/** Deletes the versions that no rule keeps. A version that cannot be read stays, and is reported. */
export async function pruneName<L extends Listed>(
  prunable: Prunable<L>,
  rules: PruneRules,
): Promise<void> {
  await new NamePruning(prunable, rules).run();
}

class NamePruning<L extends Listed> {
  readonly #prunable: Prunable<L>;
  readonly #rules: PruneRules;
  /** What was read, by version and generation: another head is read anew. */
  readonly #standings = new Map<string, Standing>();
  readonly #deleted = new Set<L>();

  constructor(prunable: Prunable<L>, rules: PruneRules) {
    this.#prunable = prunable;
    this.#rules = rules;
  }

  async run(): Promise<void> {
    const { name } = this.#prunable;
    const { report } = this.#rules;
    const listed = await Array.fromAsync(this.#prunable.list());
    const going = await this.#choose(listed);
    if (report.dryRun) await forEachAtOnce(going, (found) => this.#pretend(found));
    else await this.#deleteOldestFirst([...going]);
    for (const found of going) {
      if (this.#deleted.has(found)) report.deleted.push({ name, version: found.version });
    }
  }

  /** The versions that may go, newest first. Counts the others. */
  async #choose(listed: readonly L[]): Promise<L[]> {
    const { youngFrom, report } = this.#rules;
    try {
      const stays = await this.#protectedVersions(listed);
      const overwritten = listed.filter(({ modifiedAt, generation }) =>
        modifiedAt >= youngFrom && generation > 1
      );
      await forEachAtOnce(overwritten, (found) => this.#look(found));
      return listed.filter((found) => this.#mayGo(found, stays));
    } catch (error) {
      report.kept += listed.length;
      this.#fail(undefined, error); // what an alias names is not known
      return [];
    }
  }

  /** Whether no rule keeps it; counts it where one does. Without a look it is as old as its head. */
  #mayGo(found: L, stays: ReadonlySet<string>): boolean {
    const { version, modifiedAt } = found;
    const known = this.#standings.get(idOf(found));
    if (known !== undefined && known.receivedAt === undefined) {
      this.#passOver(found, known);
      return false;
    }
    const isOld = (known?.receivedAt ?? modifiedAt) < this.#rules.youngFrom;
    if (isOld && !stays.has(version)) return true;
    this.#rules.report.kept++;
    return false;
  }

  /** The versions that their rank and aliases keep, as they are now. */
  async #protectedVersions(
    all: Iterable<L> | AsyncIterable<L> = this.#prunable.list(),
  ): Promise<Set<string>> {
    const { keepLast, keepAliased } = this.#rules;
    const aliased = keepAliased ? await this.#prunable.aliased() : [];
    const newest = new Set<string>();
    let batch: L[] = [];
    const take = async () => {
      const looks = await Promise.all(batch.map((found) => this.#look(found)));
      batch.forEach(({ version }, place) =>
        looks[place].receivedAt !== undefined && newest.add(version)
      );
      batch = [];
    };
    if (keepLast > 0) {
      for await (const found of all) {
        batch.push(found);
        if (batch.length < Math.min(keepLast - newest.size, AT_ONCE)) continue;
        await take();
        if (newest.size >= keepLast) break;
      }
      await take();
    }
    return new Set([...newest, ...aliased]);
  }

  async #look(found: L): Promise<Standing> {
    const id = idOf(found);
    const standing = this.#standings.get(id) ?? await this.#prunable.receivedAt(found)
      .then((receivedAt): Standing => ({ receivedAt }))
      .catch((failure): Standing => {
        if (!isRegistryError(failure, "Corrupt", "Unsupported")) throw failure;
        return { failure };
      });
    this.#standings.set(id, standing);
    return standing;
  }

  async #pretend(found: L): Promise<void> {
    const standing = await this.#look(found);
    if (standing.receivedAt !== undefined) this.#deleted.add(found);
    else this.#passOver(found, standing);
  }

  /** The newest goes alone and last, after one more look at what is to be kept. */
  async #deleteOldestFirst(left: L[]): Promise<void> {
    const { report } = this.#rules;
    while (left.length > 0) {
      const batch = left.splice(-Math.max(1, Math.min(AT_ONCE, left.length - 1)));
      try {
        const stays = await this.#protectedVersions();
        await forEachAtOnce(batch, async (found) => {
          if (stays.has(found.version)) report.kept++;
          else await this.#remove(found);
        });
      } catch (error) {
        this.#fail(undefined, error);
        report.kept += left.length + batch.length;
        return;
      }
    }
  }

  async #remove(found: L): Promise<void> {
    const { report, onDeleted } = this.#rules;
    try {
      const outcome = await this.#prunable.delete(found);
      if (outcome === "deleted") {
        this.#deleted.add(found);
        onDeleted?.({ name: this.#prunable.name, version: found.version });
      }
      if (outcome === "changed") report.kept++; // a writer was here a moment ago
    } catch (error) {
      report.kept++;
      this.#fail(found, error);
    }
  }

  /** There is no version to delete; or it cannot be read, so it stays. */
  #passOver(found: L, { failure }: Standing): void {
    if (failure === undefined) return;
    this.#rules.report.kept++;
    this.#fail(found, failure);
  }

  #fail(found: L | undefined, error: unknown): void {
    if (!isRegistryError(error, "Corrupt", "Unsupported")) throw error;
    const { name } = this.#prunable;
    const about = found === undefined ? { name } : { name, version: found.version };
    const ref = found === undefined ? name : `${name}@${found.version}`;
    const { key, code, message, hint } = inWords({ verb: "prune", ref }, error) as RegistryError;
    this.#rules.report.failures.push({
      ...about,
      ...(key && { key }),
      code,
      message,
      ...(hint && { hint }),
    });
  }
}

function idOf({ version, generation }: Listed): string {
  return `${version} ${generation}`;
}

/** A version in a listing. */
export interface Listed {
  version: string;
  /** When the store received its newest record, milliseconds. */
  modifiedAt: number;
  generation: number;
}

/** One name that is pruned. */
interface Prunable<L extends Listed = Listed> {
  readonly name: string;
  /** Its versions, newest first. */
  list(): AsyncIterable<L>;
  /** The versions that its aliases name. */
  aliased(): Promise<string[]>;
  /** When the store received the record that counts, milliseconds; undefined where none does. */
  receivedAt(listed: L): Promise<number | undefined>;
  /** Deletes a version, unless it was changed since it was listed. */
  delete(listed: L): Promise<"deleted" | "changed" | "gone">;
}

export function prunableInStore(
  context: Context,
  name: string,
  signal?: AbortSignal,
): Prunable<Listed & { found: VersionHead }> {
  const known: KnownAliases = new Map();
  return {
    name,
    async *list() {
      for await (const found of versionHeads(context, name, { signal })) {
        const { generation, modifiedAt } = found.head;
        yield { version: found.version.canonical, modifiedAt, generation, found };
      }
    },
    aliased: async () =>
      (await readAliases(context, name, { known, signal })).map(([, version]) => version),
    async receivedAt({ found: { head } }) {
      return (await readCell(context, cellOf(head.key), { head, signal }))?.head.modifiedAt;
    },
    delete: ({ found }) => deleteListed(context, name, found, { signal }),
  };
}

export function prunableByContract(
  registry: Registry,
  name: string,
  { keepAliased, signal }: { keepAliased: boolean; signal?: AbortSignal },
): Prunable {
  const infoOf = ({ version }: Listed) => registry.info(`${name}@${version}`, { signal });
  return {
    name,
    async *list() {
      for await (const { version, modifiedAt, generation } of registry.versions(name, { signal })) {
        yield { version, modifiedAt: modifiedAt.getTime(), generation };
      }
    },
    aliased: async () => Object.values(await registry.aliases(name, { signal })),
    receivedAt: (listed) => Promise.resolve(listed.modifiedAt),
    async delete(listed) {
      try {
        const { commit, generation } = await infoOf(listed);
        if (generation !== listed.generation) return "changed";
        const options = { force: !keepAliased, ifCommit: commit, signal };
        return await registry.delete(`${name}@${listed.version}`, options) ? "deleted" : "gone";
      } catch (error) {
        if (isRegistryError(error, "NotFound")) return "gone";
        if (isRegistryError(error, "Conflict")) return "changed";
        throw error;
      }
    },
  };
}
