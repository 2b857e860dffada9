// The names that the garbage collector need not look at: a run found nothing to remove, nothing of
// them was deleted or replaced since, and nothing has become old enough. Skipping a name removes
// nothing, so a wrong note costs a delay of at most 30 days, never data.
import type { ObjectInfo } from "../../../backends/mod.ts";
import type { ListedName } from "../../../registry/extending.ts";
import { Fingerprint, headIn, LAYOUT, PackedMap, RACY_MS } from "../../../registry/records.ts";
import type { NameTable } from "../../../registry/records.ts";
import type { Collection } from "./collection.ts";
import { LOOK_AGAIN_MS, lookAgainAt, type Outlook } from "./outlook.ts";
import { GARBAGE_TABLE } from "../garbage_keys.ts";

/** The fingerprint of replaced records, until when nothing can be removed, and what waits. */
type Entry = [
  fingerprint: string,
  until: number,
  ...waiting: [] | [count: number, bytes: number, nextAt: number],
];

/** Another number makes all notes invalid: for a collector that finds more. */
const EDITION = 2;

/** The entry with the mark of the run that wrote the table. No name has this segment. */
const LAST_RUN = ".";
/** The entry of a name that the next run inspects. */
const OPEN: Entry = ["", 0];

export class QuietNames {
  readonly #collection: Collection;
  readonly #table: NameTable<Entry>;
  readonly #salt: string;
  /** The mark of the run that wrote the table. Infinity if it is not known: then no name is new. */
  readonly #lastRun: number;
  /** Fingerprints of the names that this run looks at. */
  readonly #fingerprints = new PackedMap<string>();
  readonly #entries = new PackedMap<Entry>();

  private constructor(collection: Collection, table: NameTable<Entry>) {
    const { graceMs, context: { settings: { versioned, mutable } } } = collection;
    this.#collection = collection;
    this.#table = table;
    this.#salt = [EDITION, graceMs, versioned, mutable].join();
    this.#lastRun = table.entries.get(LAST_RUN)?.[1] ?? Infinity;
  }

  static async read(collection: Collection): Promise<QuietNames> {
    const { context, signal } = collection;
    const table = await context.notes.table({ folder: GARBAGE_TABLE, isEntry, signal });
    return new QuietNames(collection, table);
  }

  /** Returns true if this run can skip a name. Adds to the report what waits of it. */
  skips({ name, entries }: ListedName): boolean {
    const mark = this.#collection.markAt();
    const replaced = entries.filter(isReplaced);
    const fingerprint = Fingerprint.of(replaced, { salt: `${this.#salt},${name}` });
    const lastRun = this.#lastRun;
    const isNew = replaced.length === 0 && entries.every(({ modifiedAt }) => modifiedAt > lastRun);
    const first: Entry = isNew ? [fingerprint, lookAgainAt(lastRun, name)] : OPEN;
    const entry = this.#collection.looksAtAll() ? OPEN : this.#table.entries.get(name) ?? first;
    const [noted, until, count = 0, bytes = 0, nextAt = 0] = entry;
    const mayWaitLess = count > 0 &&
      (lastRun === Infinity || entries.some(({ modifiedAt }) => modifiedAt >= lastRun));
    const isQuiet = noted === fingerprint && mark < until && until <= mark + LOOK_AGAIN_MS &&
      !mayWaitLess && !this.#isOfDrafts(name);
    if (isQuiet) {
      this.#entries.set(name, entry);
      if (count > 0) this.#collection.addWaiting({ count, bytes, nextAt });
    } else if (replaced.every(({ modifiedAt }) => modifiedAt < mark - RACY_MS)) {
      this.#fingerprints.set(name, fingerprint);
    }
    return isQuiet;
  }

  /** Notes what a look at a name found. */
  async add(name: string, { isOpen, until, waiting }: Outlook): Promise<void> {
    const { notes, graceMs } = this.#collection;
    const fingerprint = this.#fingerprints.get(name);
    if (fingerprint === undefined || isOpen || this.#isOfDrafts(name)) return;
    const lookAt = Math.min(until, lookAgainAt(this.#collection.markAt(), name));
    const { count, bytes, nextAt } = waiting;
    const waits = count === 0 ? [] as const : [count, bytes, nextAt] as const;
    this.#entries.set(name, [fingerprint, lookAt, ...waits]);
    if (notes.areWritten && graceMs > 0) await this.#table.saveInterim(this.#entries);
  }

  /** Writes the notes for the next run: none after a run that ignored ages. */
  async save(inspected: PackedMap): Promise<void> {
    const { notes, graceMs } = this.#collection;
    if (!notes.areWritten) return;
    for (const [name] of inspected) if (!this.#entries.has(name)) this.#entries.set(name, OPEN);
    if (this.#entries.size > 0) this.#entries.set(LAST_RUN, ["", this.#collection.markAt()]);
    await this.#table.save(graceMs > 0 ? this.#entries : []);
  }

  #isOfDrafts(name: string): boolean {
    try {
      const { needed, released } = this.#collection.drafts.placesOf(name);
      return needed.length + released.length > 0;
    } catch {
      return true; // unreadable
    }
  }
}

/**
 * Returns true for a record of a version or key that has several, or was deleted: only of these can
 * the next run remove something. Single keys go with the next look; aliases and notes keep theirs.
 */
function isReplaced(entry: ObjectInfo, n: number, entries: readonly ObjectInfo[]): boolean {
  const { key } = entry;
  const cell = LAYOUT.cellOf(key);
  const isAlone = !headIn(entry)?.dead && // the run that left it alone may have been cut off
    ![entries[n - 1], entries[n + 1]].some((other) => other?.key.startsWith(cell));
  return !isAlone && ["version", "key"].includes(LAYOUT.parseCellKey(key)?.kind ?? "");
}

function isEntry(value: unknown): value is Entry {
  if (!Array.isArray(value) || (value.length !== 2 && value.length !== 5)) return false;
  const [fingerprint, ...numbers] = value;
  return typeof fingerprint === "string" &&
    numbers.every((number) => typeof number === "number" && number >= 0 && number <= MAX_TIME);
}

/** The last time of a `Date`, milliseconds. No count or size is larger. */
const MAX_TIME = 8.64e15;
