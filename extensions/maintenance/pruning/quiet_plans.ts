// Names of which a rule deleted nothing, so that the next run need not read their versions: rules by
// period and condition need the record of each. Skipping a name deletes nothing, so a wrong note
// keeps versions for 30 days at most.
import type { RetentionRule } from "../../../registry/tools/settings.ts";
import { LOOK_AGAIN_MS, lookAgainAt } from "../garbage/outlook.ts";
import type { ListedName } from "../../../registry/extending.ts";
import { Fingerprint, LAYOUT, PackedMap, RACY_MS } from "../../../registry/records.ts";
import type { NameTable, Records } from "../../../registry/records.ts";
import type { Findings } from "./name_pruning.ts";
import { PERIOD_OPTIONS } from "./periods.ts";
import { readsEach } from "./prunable.ts";
import { PRUNE_TABLE } from "../garbage_keys.ts";

/** The fingerprint of a listing and of a rule, until when the rule keeps all versions, and how many. */
type Entry = [fingerprint: string, until: number, kept: number];

/** Another number makes all notes invalid: for a prune that deletes more. */
const EDITION = 1;

/** A name as it was listed, and its rule. */
interface Ruled {
  listed: ListedName;
  rule: RetentionRule;
  /** Versions received at this time or later are too young to delete, by the store's clock. */
  youngFrom: number;
}

export class QuietPlans {
  readonly #table: NameTable<Entry>;
  readonly #entries = new PackedMap<Entry>();
  readonly #now: number;

  private constructor(table: NameTable<Entry>, now: number) {
    this.#table = table;
    this.#now = now;
  }

  static async read(context: Records, signal?: AbortSignal): Promise<QuietPlans> {
    const table = await context.notes.table({ folder: PRUNE_TABLE, isEntry, signal });
    return new QuietPlans(table, context.now());
  }

  /** Returns how many versions a name keeps, if a run found that it keeps all of them. */
  keptOf(ruled: Ruled): number | undefined {
    const { name } = ruled.listed;
    const entry = this.#table.entries.get(name);
    if (entry === undefined) return undefined;
    const [fingerprint, until, kept] = entry;
    const isQuiet = this.#now < until && until <= this.#now + LOOK_AGAIN_MS &&
      fingerprint === idOf(ruled);
    if (!isQuiet) return undefined;
    this.#entries.set(name, entry);
    return kept;
  }

  /** Notes what a run found of a name, unless it depends on other names. */
  add(ruled: Ruled, { deleted, failures, restored, kept }: Findings): void {
    const { listed: { name, entries }, rule, youngFrom } = ruled;
    const isQuiet = deleted.length + failures.length === 0 && restored === undefined &&
      entries.every(({ key, modifiedAt }) =>
        modifiedAt < this.#now - RACY_MS && LAYOUT.parseReleasedMark(key) === undefined
      );
    const byPeriod = PERIOD_OPTIONS.some((option) => rule[option]) ? 1 : 0;
    const isListed = kept <= Math.max(rule.keepLast ?? 0, byPeriod); // nothing was read
    if (!isQuiet || isListed || !readsEach(rule)) return;
    const young = entries.filter(({ modifiedAt }) => modifiedAt >= youngFrom);
    const until = young.reduce(
      (first, { modifiedAt }) => Math.min(first, modifiedAt + (rule.olderThanMs ?? Infinity)),
      lookAgainAt(this.#now, name),
    );
    this.#entries.set(name, [idOf(ruled), until, kept]);
  }

  /** Writes the notes for the next run. */
  async save(): Promise<void> {
    await this.#table.save(this.#entries);
  }

  /** Writes the notes so far, every ten minutes. */
  async saveInterim(): Promise<void> {
    await this.#table.saveInterim(this.#entries);
  }
}

function idOf({ listed: { entries }, rule }: Ruled): string {
  return Fingerprint.of(entries, { salt: JSON.stringify([EDITION, rule]) });
}

function isEntry(value: unknown): value is Entry {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [fingerprint, ...numbers] = value;
  return typeof fingerprint === "string" &&
    numbers.every((number) => typeof number === "number" && number >= 0);
}
