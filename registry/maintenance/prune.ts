// Retention: deletes old versions by rules.
import type { ArtifactInfo } from "../../core/artifact.ts";
import { fault, isRegistryError, orMissing, type RegistryError } from "../../core/errors.ts";
import { ruleFor } from "../../core/registry/rules.ts";
import type { Registry, VersionEntry } from "../../core/registry.ts";
import { realSystem } from "../../core/system.ts";
import { checkWritable, type Context, knownContext } from "../operations/context.ts";
import { checkHas, checkKnown, listNames } from "../operations/listing.ts";
import { readStoreTime } from "./collection.ts";
import type { PruneOptions, PruneReport } from "./prune_report.ts";
import { newestOfPeriods, PERIOD_OPTIONS } from "./prune_periods.ts";
import { inWords } from "../contract/verb_errors.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { annotationsOfName } from "../operations/annotations.ts";
import { listHolds, noneKnown } from "../operations/holds.ts";
import { type VersionHead, versionHeads } from "../cell/heads.ts";
import { deleteListed } from "../operations/delete.ts";
import { cellOf } from "../format/layout.ts";
import { readCell } from "../operations/resolve.ts";

/** Implements `prune` of `registry/maintenance.ts`. */
export async function prune(registry: Registry, options: PruneOptions): Promise<PruneReport> {
  const context = knownContext(registry);
  const { keepLast = 0, olderThanMs, keepAliased = true, dryRun = false, signal } = options;
  checkOptions(options);
  if (context !== undefined && !dryRun) checkWritable(context, "prune");
  const report: PruneReport = { dryRun, deleted: [], kept: 0, failures: [] };
  let youngFrom = Infinity;
  if (olderThanMs !== undefined) {
    report.clock = context === undefined || context.readOnly ? "own" : "store";
    const now = report.clock === "store"
      ? await readStoreTime(context!, "prune", signal)
      : (context?.system ?? realSystem).now();
    youngFrom = now - olderThanMs;
  }
  const rules: PruneRules = { ...options, keepLast, youngFrom, keepAliased, report };
  const all = () =>
    context === undefined ? registry.names({ signal }) : listNames(context, { signal });
  for await (const name of options.names ?? all()) {
    if (options.names !== undefined) {
      await (context ? checkKnown(context, name, signal) : checkHas(registry, name, signal));
    }
    if (keepAliased && isProtected(context, name)) continue;
    const pruning = context === undefined
      ? new NamePruning(prunableByContract(registry, name, rules), rules)
      : new NamePruning(prunableInStore(context, registry, name, signal), rules);
    await pruning.run();
  }
  return report;
}

function isProtected(context: Context | undefined, name: string): boolean {
  return ruleFor(context?.rules ?? [], name)?.protect ?? false;
}

function checkOptions(options: PruneOptions): void {
  const { keepLast, olderThanMs, keepWhere } = options;
  const counts = [keepLast, ...PERIOD_OPTIONS.map((option) => options[option])];
  const isBad = counts.some((count = 0) => !Number.isInteger(count) || count < 0) ||
    !Number.isFinite(olderThanMs ?? 0) || (olderThanMs ?? 0) < 0 ||
    typeof (keepWhere ?? prune) !== "function";
  const isGiven = [...counts, olderThanMs, keepWhere].some((rule) => rule !== undefined);
  if (!isBad && isGiven) return;
  throw fault({
    code: "Invalid",
    action: "prune",
    state: isBad
      ? "counts must be non-negative integers, olderThanMs a non-negative number, and keepWhere a " +
        "function"
      : "no rule is given",
    hint: "Pass keepLast, keepDaily, keepWeekly, keepMonthly, olderThanMs or keepWhere. Versions " +
      "that no rule keeps are deleted.",
  });
}

/** The rules, and the report of their effect. */
interface PruneRules extends Omit<PruneOptions, "olderThanMs"> {
  /** Number of newest versions to keep. */
  keepLast: number;
  /** Versions received at this time or later are kept; milliseconds of the store's clock. */
  youngFrom: number;
  keepAliased: boolean;
  report: PruneReport;
}

/** Versions that are read or deleted before checking again what must be kept. */
const AT_ONCE = 16;

interface Standing extends Partial<Times> {
  /** `keepWhere` keeps it. */
  isWanted?: boolean;
  failure?: unknown;
}

/** Times of the valid record, milliseconds; undefined if there is none, or it is unreadable. */
interface Times {
  /** When the store received it. */
  receivedAt: number;
  /** When it was made, by the writer's clock: it stays in mirrors and restored copies. */
  createdAt: number;
}

/** Deletes versions of a name that no rule keeps. Unreadable versions are kept and reported. */
class NamePruning<L extends Listed> {
  readonly #prunable: Prunable<L>;
  readonly #rules: PruneRules;
  /** Results by version and generation: a new head is read again. */
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

  /** Returns the versions to delete, newest first. Counts the others. */
  async #choose(listed: readonly L[]): Promise<L[]> {
    const { youngFrom, report } = this.#rules;
    try {
      const stays = await this.#protectedVersions(listed);
      const overwritten = listed.filter(({ modifiedAt, generation }) =>
        modifiedAt >= youngFrom && generation > 1
      );
      await forEachAtOnce(overwritten, (found) => this.#inspect(found));
      return listed.filter((found) => this.#isUnprotected(found, stays));
    } catch (error) {
      report.kept += listed.length;
      this.#fail(undefined, error); // the version of an alias is not known
      return [];
    }
  }

  /** Returns true if no rule keeps a version; counts it otherwise. Uses the age of the head. */
  #isUnprotected(found: L, stays: ReadonlySet<string>): boolean {
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

  /** Returns the versions that are now protected by rank, period, `keepWhere` or alias. */
  async #protectedVersions(given?: readonly L[]): Promise<Set<string>> {
    const { keepLast, keepAliased, ...rules } = this.#rules;
    const aliased = keepAliased ? await this.#prunable.aliased() : [];
    const readsAll = readsEach(rules);
    const listed = given ?? (readsAll ? await Array.fromAsync(this.#prunable.list()) : undefined);
    const wanted = readsAll ? await this.#wantedVersions(listed!) : [];
    const newest = new Set<string>();
    let batch: L[] = [];
    const take = async () => {
      await Promise.all(batch.map(async (found) => {
        const { receivedAt } = await this.#inspect(found);
        if (receivedAt !== undefined) newest.add(found.version);
      }));
      batch = [];
    };
    if (keepLast > 0) {
      for await (const found of listed ?? this.#prunable.list()) {
        batch.push(found);
        if (batch.length < Math.min(keepLast - newest.size, AT_ONCE)) continue;
        await take();
        if (newest.size >= keepLast) break;
      }
      await take();
    }
    return new Set([...newest, ...wanted, ...aliased]);
  }

  /** Returns the versions that are protected by their period or `keepWhere`: reads each. */
  async #wantedVersions(listed: readonly L[]): Promise<string[]> {
    await forEachAtOnce(listed, (found) => this.#inspect(found));
    const readable = listed.flatMap((found) => {
      const { receivedAt, createdAt = 0, isWanted } = this.#standings.get(idOf(found))!;
      if (receivedAt === undefined) return [];
      const madeAt = Math.min(receivedAt, createdAt);
      return [{ version: found.version, madeAt, isWanted }];
    });
    const wanted = readable.filter(({ isWanted }) => isWanted);
    return [...wanted, ...newestOfPeriods(readable, this.#rules)].map(({ version }) => version);
  }

  async #inspect(found: L): Promise<Standing> {
    const id = idOf(found);
    const standing = this.#standings.get(id) ?? await this.#read(found)
      .catch((failure): Standing => {
        if (!isRegistryError(failure, "Corrupt", "Unsupported")) throw failure;
        return { failure };
      });
    this.#standings.set(id, standing);
    return standing;
  }

  async #read(found: L): Promise<Standing> {
    const { keepWhere } = this.#rules;
    const times = await this.#prunable.times(found);
    if (times === undefined || keepWhere === undefined) return { ...times };
    const info = await orMissing(this.#prunable.info(found));
    return info === undefined ? {} : { ...times, isWanted: keepWhere(info) };
  }

  async #pretend(found: L): Promise<void> {
    const standing = await this.#inspect(found);
    if (standing.receivedAt !== undefined) this.#deleted.add(found);
    else this.#passOver(found, standing);
  }

  /** Deletes the newest version last and alone, after checking again what must be kept. */
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
      if (outcome === "changed") report.kept++; // a writer was faster
    } catch (error) {
      report.kept++;
      this.#fail(found, error);
    }
  }

  /** Skips a version that is gone or expired, or reports one that is unreadable. */
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
    const worded = inWords({ verb: "prune", ref }, error) as RegistryError;
    const { key, code, message, hint, hints } = worded;
    this.#rules.report.failures.push({
      ...about,
      ...(key && { key }),
      code,
      message,
      ...(hint && { hint }),
      ...(hints && { hints }),
    });
  }
}

/** Returns true if a rule needs the record of each version. */
function readsEach(rules: Omit<PruneOptions, "olderThanMs">): boolean {
  return rules.keepWhere !== undefined || PERIOD_OPTIONS.some((option) => rules[option]);
}

function idOf({ version, generation }: Listed): string {
  return `${version} ${generation}`;
}

/** A listed version. */
interface Listed {
  version: string;
  /** When the store received its newest record, milliseconds. */
  modifiedAt: number;
  generation: number;
}

/** A name to prune. */
interface Prunable<L extends Listed = Listed> {
  readonly name: string;
  /** Lists its versions, newest first. */
  list(): AsyncIterable<L>;
  /** Returns the versions that aliases and releases name. */
  aliased(): Promise<string[]>;
  times(listed: L): Promise<Times | undefined>;
  info(listed: L): Promise<ArtifactInfo>;
  /** Deletes a version, unless it was changed after it was listed. */
  delete(listed: L): Promise<"deleted" | "changed" | "gone">;
}

function prunableInStore(
  context: Context,
  registry: Registry,
  name: string,
  signal?: AbortSignal,
): Prunable<Listed & { found: VersionHead }> {
  const known = noneKnown();
  let annotations: ReturnType<typeof annotationsOfName> | undefined;
  return {
    name,
    async *list() {
      for await (const found of versionHeads(context, name, { signal })) {
        const { generation, modifiedAt } = found.head;
        yield { version: found.version.canonical, modifiedAt, generation, found };
      }
    },
    async aliased() {
      const { aliases, releases } = await listHolds(context, { name }, { known, signal });
      return [...aliases, ...releases].map(versionOf);
    },
    async times({ found: { head } }) {
      const read = await readCell(context, cellOf(head.key), { head, signal });
      const createdAt = Date.parse(read?.record.createdAt ?? "");
      return read && { receivedAt: read.head.modifiedAt, createdAt };
    },
    async info({ version }) {
      annotations ??= annotationsOfName(context, name, signal);
      const info = await registry.info(`${name}@${version}`, { signal });
      return { ...info, annotations: await (await annotations)(version) };
    },
    delete: ({ found }) => deleteListed(context, name, found, { signal }),
  };
}

function versionOf({ version }: { version: string }): string {
  return version;
}

function prunableByContract(
  registry: Registry,
  name: string,
  rules: PruneRules,
): Prunable<Listed & Pick<VersionEntry, "info" | "error">> {
  const { keepAliased, signal } = rules;
  const infoOf = ({ version }: Listed) =>
    registry.info(`${name}@${version}`, { annotations: true, signal });
  return {
    name,
    async *list() {
      const details = readsEach(rules);
      for await (const { modifiedAt, ...entry } of registry.versions(name, { details, signal })) {
        yield { ...entry, modifiedAt: modifiedAt.getTime() };
      }
    },
    aliased: async () => await Array.fromAsync(registry.aliases(name, { signal }), versionOf),
    async times({ modifiedAt, info, error }) {
      if (error !== undefined) throw error;
      return await { receivedAt: modifiedAt, createdAt: info?.createdAt.getTime() ?? modifiedAt };
    },
    info: async (listed) => listed.info ?? await infoOf(listed),
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
