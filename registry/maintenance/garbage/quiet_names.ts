// The names that the garbage collector need not look at: their records are listed as they were when
// a run found nothing to remove, and nothing of them has become old enough since. Skipping a name
// removes nothing, so a wrong note costs a delay of at most 30 days, never data.
import { GARBAGE_TABLE } from "../../format/layout.ts";
import type { Collection } from "../collection.ts";
import { RACY_MS } from "../noted.ts";
import { fingerprintOf } from "../../../core/bytes/fingerprint.ts";
import { type NameTable, readNameTable } from "../pass/name_table.ts";
import { PackedMap } from "../pass/packed_map.ts";
import type { ListedName } from "../pass/pass_names.ts";
import { LOOK_AGAIN_MS, lookAgainAt, type Outlook } from "../outlook.ts";

/** The fingerprint of a listing, and until when it shows nothing to remove; then what waits. */
type Entry = [
  fingerprint: string,
  until: number,
  ...waiting: [] | [count: number, bytes: number, nextAt: number],
];

/** Another number makes all notes invalid: for a collector that finds more. */
const EDITION = 1;

export class QuietNames {
  readonly #collection: Collection;
  readonly #table: NameTable<Entry>;
  readonly #salt: string;
  /** Fingerprints of the names that this run looks at. */
  readonly #fingerprints = new PackedMap<string>();
  readonly #entries = new PackedMap<Entry>();

  private constructor(collection: Collection, table: NameTable<Entry>) {
    const { graceMs, context: { settings: { versioned, mutable } } } = collection;
    this.#collection = collection;
    this.#table = table;
    this.#salt = [EDITION, graceMs, versioned, mutable].join();
  }

  static async read(collection: Collection): Promise<QuietNames> {
    const { context, signal } = collection;
    const table = await readNameTable(context, { folder: GARBAGE_TABLE, isEntry, signal });
    return new QuietNames(collection, table);
  }

  /** Returns true if this run can skip a name. Adds to the report what waits of it. */
  skips(listed: ListedName): boolean {
    const { name } = listed;
    const mark = this.#collection.markAt();
    const fingerprint = fingerprintOf(listed.entries, { salt: this.#salt });
    const entry = this.#collection.looksAtAll() ? undefined : this.#table.entries.get(name);
    const [noted, until = 0, count = 0, bytes = 0, nextAt = 0] = entry ?? [];
    const isQuiet = noted === fingerprint && mark < until && until <= mark + LOOK_AGAIN_MS &&
      !this.#isOfDrafts(name);
    if (isQuiet) {
      this.#entries.set(name, entry!);
      if (count > 0) this.#collection.addWaiting({ count, bytes, nextAt });
    } else if (listed.entries.every(({ modifiedAt }) => modifiedAt < mark - RACY_MS)) {
      this.#fingerprints.set(name, fingerprint);
    }
    return isQuiet;
  }

  /** Notes what a look at a name found. */
  add(name: string, { isOpen, until, waiting: { count, bytes, nextAt } }: Outlook): void {
    const fingerprint = this.#fingerprints.get(name);
    if (fingerprint === undefined || isOpen || this.#isOfDrafts(name)) return;
    const lookAt = Math.min(until, lookAgainAt(this.#collection.markAt(), name));
    const waiting = count === 0 ? [] as const : [count, bytes, nextAt] as const;
    this.#entries.set(name, [fingerprint, lookAt, ...waiting]);
  }

  /** Writes the notes for the next run: none after a run that ignored ages. */
  async save(): Promise<void> {
    const { notes, graceMs } = this.#collection;
    if (notes.areWritten) await this.#table.save(graceMs > 0 ? this.#entries : []);
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

function isEntry(value: unknown): value is Entry {
  if (!Array.isArray(value) || (value.length !== 2 && value.length !== 5)) return false;
  const [fingerprint, ...numbers] = value;
  return typeof fingerprint === "string" &&
    numbers.every((number) => typeof number === "number" && number >= 0 && number <= MAX_TIME);
}

/** The last time of a `Date`, milliseconds. No count or size is larger. */
const MAX_TIME = 8.64e15;
