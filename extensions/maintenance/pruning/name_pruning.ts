// Retention of one name.
import type { RegistryError } from "../../../core/kernel.ts";
import { forEachAtOnce, isRegistryError, valueAt } from "../../../core/kernel.ts";
import { inWords } from "../../../registry/records.ts";
import { type Facts, type Listed, type Prunable, readsEach, type Retention } from "./prunable.ts";
import { newestOfPeriods, PERIOD_OPTIONS } from "./periods.ts";
import type { PruneOptions, PruneReport } from "./report.ts";

/** The part of a report that is about one name. */
export type Findings = Pick<PruneReport, "deleted" | "kept" | "restored" | "failures">;

export function noFindings(): Findings {
  return { deleted: [], kept: 0, failures: [] };
}

interface PruneRules extends Omit<Retention, "olderThanMs">, Pick<PruneOptions, "onDeleted"> {
  keepLast: number;
  /** Versions received at this time or later are kept; milliseconds of the store's clock. */
  youngFrom: number;
  keepAliased: boolean;
  /** Returns the store's time, milliseconds. */
  now(): Promise<number>;
  /** Returns true if a rule protects the name by now. */
  isProtected(): Promise<boolean>;
}

/** Versions that are read or deleted before checking again what must be kept. */
const AT_ONCE = 16;

interface Standing extends Partial<Omit<Facts, "info">> {
  /** `keepWhere` keeps it. */
  isWanted?: boolean;
  /** `delete` refuses it. */
  isHeld?: boolean;
  /** It was restored within the grace period. */
  isRestored?: boolean;
  failure?: unknown;
}

/** Deletes versions of a name that no rule keeps. Unreadable versions are kept and reported. */
export class NamePruning<L extends Listed = Listed> {
  readonly #prunable: Prunable<L>;
  readonly #rules: PruneRules;
  /** Results by version and generation: a new head is read again. */
  readonly #standings = new Map<string, Standing>();
  readonly #deleted = new Set<L>();
  #findings = noFindings();
  #chosen: L[] = [];

  constructor(prunable: Prunable<L>, rules: PruneRules) {
    this.#prunable = prunable;
    this.#rules = rules;
  }

  /**
   * Chooses the versions to delete, newest first. Counts the others. What a pass listed is enough
   * for a plan; before versions are deleted, their name is listed again.
   */
  async choose(purpose: "plan" | "delete"): Promise<Findings> {
    const found = await this.#choose();
    const isFound = found.failures.length > 0 || purpose === "delete" && found.deleted.length > 0;
    if (!isFound || this.#prunable.relist === undefined) return found;
    this.#prunable.relist();
    const isCertain = found.failures.length === 0 && this.#rules.keepWhere === undefined;
    if (!isCertain) this.#standings.clear(); // records may be gone, and labels changed
    return await this.#choose();
  }

  async #choose(): Promise<Findings> {
    const { youngFrom } = this.#rules;
    this.#findings = noFindings();
    this.#chosen = [];
    const listed = await Array.fromAsync(this.#prunable.list());
    try {
      const open = listed.filter(({ modifiedAt, generation }) =>
        modifiedAt < youngFrom || generation > 1
      );
      const left = await this.#unprotected(open, listed);
      await forEachAtOnce(listed.filter(({ version }) => left.has(version)), async (version) => {
        const standing = await this.#inspect(version);
        const asked = async () => ({ ...standing, isHeld: await this.#prunable.isHeld?.(version) });
        if (standing.receivedAt !== undefined) await this.#note(version, asked());
      });
      this.#chosen = listed.filter((version) => this.#mayGo(version, left));
    } catch (error) {
      this.#findings.kept += listed.length;
      this.#fail(undefined, error); // the version of an alias is not known
    }
    this.#findings.deleted = this.#chosen.map((version) => this.#named(version));
    return this.#findings;
  }

  /** Returns true for a readable version that no rule keeps; counts it otherwise. */
  #mayGo(version: L, left: ReadonlySet<string>): boolean {
    const standing = this.#standings.get(idOf(version));
    if (standing !== undefined && standing.receivedAt === undefined) {
      this.#passOver(version, standing);
      return false;
    }
    const { receivedAt = version.modifiedAt, isHeld, isRestored = false } = standing ?? {};
    const isDue = receivedAt < this.#rules.youngFrom && left.has(version.version) && !isHeld;
    if (isDue && !isRestored) return true;
    if (isDue) this.#findings.restored = (this.#findings.restored ?? 0) + 1;
    this.#findings.kept++;
    return false;
  }

  /** Deletes the chosen versions that no rule keeps by now. Returns them, newest first. */
  async run(): Promise<Findings> {
    this.#findings = noFindings();
    if (await this.#rules.isProtected()) this.#findings.kept += this.#chosen.length;
    else await this.#deleteOldestFirst([...this.#chosen]);
    this.#findings.deleted = this.#chosen.filter((version) => this.#deleted.has(version)).map(
      (version) => this.#named(version),
    );
    return this.#findings;
  }

  /**
   * Returns those of some versions that are not protected by rank, alias, `keepWhere` or period by
   * now. Reads only what can still make a difference, the cheapest first.
   */
  async #unprotected(open: readonly L[], listed?: readonly L[]): Promise<ReadonlySet<string>> {
    const { keepLast, keepAliased, keepWhere } = this.#rules;
    let left = new Set(open.map(({ version }) => version));
    const keep = (kept: Iterable<string>) => left = left.difference(new Set(kept));
    if (listed !== undefined) keep(keptByCount(listed, this.#rules));
    if (left.size > 0 && keepAliased) keep(await this.#prunable.aliased());
    if (left.size === 0) return left;
    if (listed === undefined && readsEach(this.#rules)) {
      listed = await Array.fromAsync(this.#prunable.list());
    }
    if (keepLast > 0) keep(await this.#newest(listed ?? this.#prunable.list()));
    if (left.size > 0 && keepWhere !== undefined) {
      const asked = listed!.filter(({ version }) => left.has(version));
      keep(namesOf((await this.#readable(asked)).filter(({ isWanted }) => isWanted)));
    }
    if (left.size > 0 && PERIOD_OPTIONS.some((option) => this.#rules[option])) {
      keep(namesOf(newestOfPeriods(await this.#readable(listed!), this.#rules)));
    }
    return left;
  }

  /** Returns the newest valid versions, as many as `keepLast`. */
  async #newest(listed: readonly L[] | AsyncIterable<L>): Promise<Set<string>> {
    const { keepLast } = this.#rules;
    const newest = new Set<string>();
    let batch: L[] = [];
    const take = async () => {
      await Promise.all(batch.map(async (version) => {
        const { receivedAt } = await this.#inspect(version);
        if (receivedAt !== undefined) newest.add(version.version);
      }));
      batch = [];
    };
    for await (const version of listed) {
      batch.push(version);
      if (batch.length < Math.min(keepLast - newest.size, AT_ONCE)) continue;
      await take();
      if (newest.size >= keepLast) break;
    }
    await take();
    return newest;
  }

  /** Reads versions. Returns those that are valid, and when each was made. */
  async #readable(versions: readonly L[]) {
    await forEachAtOnce(versions, (version) => this.#inspect(version));
    return versions.flatMap((version) => {
      const { receivedAt, createdAt = 0, isWanted } = valueAt(this.#standings, idOf(version));
      if (receivedAt === undefined) return [];
      return [{ version: version.version, madeAt: Math.min(receivedAt, createdAt), isWanted }];
    });
  }

  #named({ version }: L): { name: string; version: string } {
    return { name: this.#prunable.name, version };
  }

  async #inspect(version: L): Promise<Standing> {
    return this.#standings.get(idOf(version)) ?? await this.#note(version, this.#read(version));
  }

  async #note(version: L, reading: Promise<Standing>): Promise<Standing> {
    const standing = await reading.catch((failure): Standing => {
      if (!isRegistryError(failure, "Corrupt", "Unsupported")) throw failure;
      return { failure };
    });
    this.#standings.set(idOf(version), standing);
    return standing;
  }

  async #read(version: L): Promise<Standing> {
    const { keepWhere, now } = this.#rules;
    const facts = await this.#prunable.read(version, { info: keepWhere !== undefined });
    if (facts === undefined) return {};
    const { info, ...times } = facts;
    const { restoredUntil } = times;
    const isRestored = restoredUntil !== undefined && await now() < restoredUntil;
    return { ...times, isRestored, ...info && { isWanted: keepWhere?.(info) } };
  }

  /** Deletes the newest version last and alone, after checking again what must be kept. */
  async #deleteOldestFirst(remaining: L[]): Promise<void> {
    while (remaining.length > 0) {
      const batch = remaining.splice(-Math.max(1, Math.min(AT_ONCE, remaining.length - 1)));
      // Labels may have changed after the plan.
      if (this.#rules.keepWhere) batch.forEach((version) => this.#standings.delete(idOf(version)));
      try {
        const left = await this.#unprotected(batch);
        await forEachAtOnce(batch, async (version) => {
          const isUnclear = this.#standings.get(idOf(version))?.failure !== undefined;
          if (!left.has(version.version) || isUnclear) this.#findings.kept++;
          else await this.#remove(version);
        });
      } catch (error) {
        this.#fail(undefined, error);
        this.#findings.kept += remaining.length + batch.length;
        return;
      }
    }
  }

  async #remove(version: L): Promise<void> {
    const { onDeleted } = this.#rules;
    try {
      const outcome = await this.#prunable.delete(version);
      if (outcome === "deleted") {
        this.#deleted.add(version);
        onDeleted?.(this.#named(version));
      }
      if (outcome === "changed") this.#findings.kept++; // a writer was faster
    } catch (error) {
      this.#findings.kept++;
      this.#fail(version, error);
    }
  }

  /** Skips a version that is gone or expired, or reports one that is unreadable. */
  #passOver(version: L, { failure }: Standing): void {
    if (failure === undefined) return;
    this.#findings.kept++;
    this.#fail(version, failure);
  }

  #fail(version: L | undefined, error: unknown): void {
    if (!isRegistryError(error, "Corrupt", "Unsupported")) throw error;
    const { name } = this.#prunable;
    const about = version === undefined ? { name } : { name, version: version.version };
    const ref = version === undefined ? name : `${name}@${version.version}`;
    const worded = inWords({ verb: "prune", ref }, error) as RegistryError;
    const { key, code, message, hint, reason } = worded;
    this.#findings.failures.push({
      ...about,
      ...(key && { key }),
      code,
      message,
      ...(hint && { hint }),
      ...(reason && { reason }),
    });
  }
}

/** Returns versions that rules by count keep, whichever of them are valid. */
function keptByCount(listed: readonly Listed[], rules: PruneRules): string[] {
  const isOnlyOne = listed.length === 1 && PERIOD_OPTIONS.some((option) => rules[option]);
  return namesOf(isOnlyOne ? listed : listed.slice(0, rules.keepLast));
}

function namesOf(versions: readonly { version: string }[]): string[] {
  return versions.map(({ version }) => version);
}

function idOf({ version, generation }: Listed): string {
  return `${version} ${generation}`;
}
