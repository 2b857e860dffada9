// What earlier runs found equal, so that the next one need not read it again. Losing it costs
// reads, nothing else.
import { isRegistryError } from "../../../core/errors.ts";
import { mirrorKey } from "../../format/layout.ts";
import { decodeNote, encodeNote } from "../noted.ts";
import { type MirrorCell, type MirrorRun, type NamePair, persist } from "./run.ts";

/** Which heads of a name's cells are known to be equal in the source and in the target. */
export interface Ledger {
  /** Keeps the note of a cell that the target has. Notes that are not kept are dropped. */
  keep(there: MirrorCell): Promise<void>;
  has(source: MirrorCell, there: MirrorCell): boolean;
  left(source: MirrorCell, generation: number): boolean;
  add(source: MirrorCell, generation: number): void;
  save(): Promise<void>;
}

/**
 * Generation and time of the source's head, generation of the target's. Generations only rise; a restored source has
 * other times, and what was restored in the target is newer than the notes.
 */
type Entry = [generation: number, modifiedAt: number, there: number];

/** The notes. Heads of the target before `until`, in milliseconds, are older than the notes. */
interface Notes {
  noted: ReadonlyMap<string, Entry>;
  until: number;
}

const NOTHING: Notes = { noted: new Map(), until: 0 };

/** A reply may tell whole seconds where a listing tells milliseconds. */
const WHOLE_SECONDS_MS = 1_000;

/** Returns the notes of earlier runs. Reads them on first use, so not if the target has nothing of the name. */
export function createLedger(run: MirrorRun, names: NamePair): Ledger {
  const { from, to, signal } = run;
  const key = mirrorKey(from.id, names.target, names.name);
  let notes: Notes | undefined;
  const entries = new Map<string, Entry>();
  let changed = false;
  const left: Ledger["left"] = ({ path }, there) => entries.get(path)?.[2] === there;

  return {
    left,
    async keep({ path, head }) {
      notes ??= await persist(run, read);
      const { noted, until } = notes;
      const entry = noted.get(path);
      if (entry !== undefined && head.modifiedAt < until) entries.set(path, entry);
    },
    has(source, there) {
      const { path, head } = source;
      const [generation, modifiedAt] = entries.get(path) ?? [];
      return !run.verify && generation === head.generation && modifiedAt === head.modifiedAt &&
        left(source, there.head.generation);
    },
    add({ path, head }, generation) {
      const entry: Entry = [head.generation, head.modifiedAt, generation];
      changed ||= String(entries.get(path)) !== String(entry);
      entries.set(path, entry);
    },
    async save() {
      if (!changed || run.dryRun) return;
      try {
        await to.backend.put(key, encodeNote(Object.fromEntries(entries)), { signal });
      } catch (error) {
        if (!isRegistryError(error)) throw error;
        to.logger.warn(
          `mirror "${names.name}": the next run will read it all again: ${error.message}`,
        );
      }
    },
  };

  async function read(): Promise<Notes> {
    const object = await to.backend.get(key, { signal });
    if (object === undefined) return NOTHING;
    const noted = new Map(entriesOf(decodeNote(await object.bytes())));
    return { noted, until: object.info.modifiedAt + WHOLE_SECONDS_MS };
  }
}

/** What is no notes is worth none. */
function entriesOf(note: unknown): [string, Entry][] {
  if (typeof note !== "object" || note === null) return [];
  const isEntry = (value: unknown) =>
    Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);
  return Object.entries(note as Record<string, Entry>).filter(([, entry]) => isEntry(entry));
}
