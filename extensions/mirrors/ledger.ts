// Notes of cells that earlier runs found equal, so that the next run need not read them. Losing
// notes only costs reads.
import { encodeName, isRegistryError } from "../../core/kernel.ts";
import { LAYOUT } from "../../registry/records.ts";
import { persist } from "./run.ts";
import type { MirrorCell, MirrorRun, NamePair } from "./run.ts";

/** The cells of a name whose heads are known to be equal in source and target. */
export interface Ledger {
  /** Keeps the note of a cell of the target. Other notes are dropped. */
  keep(targetCell: MirrorCell): Promise<void>;
  has(source: MirrorCell, targetCell: MirrorCell): boolean;
  /** Returns true if an earlier run left the cell of the target at this generation. */
  isAtGeneration(source: MirrorCell, generation: number): boolean;
  add(source: MirrorCell, generation: number): void;
  save(): Promise<void>;
}

/**
 * Generation and time of the source's head, generation of the target's. Generations only rise. A
 * restored source has other times, and a restored target has records newer than the notes.
 */
type Entry = [generation: number, modifiedAt: number, targetGeneration: number];

/** Heads of the target before `until`, milliseconds, are older than the notes. */
interface Notes {
  noted: ReadonlyMap<string, Entry>;
  until: number;
}

const NOTHING: Notes = { noted: new Map(), until: 0 };

/** Replies of some stores have times in seconds, although their lists have milliseconds. */
const WHOLE_SECONDS_MS = 1_000;

/** Returns the notes of earlier runs, read at first use: not if the target lacks the name. */
export function createLedger(run: MirrorRun, names: NamePair): Ledger {
  const { from, to, signal } = run;
  const key = mirrorKey(from.id, names.target, names.name);
  let notes: Notes | undefined;
  const entries = new Map<string, Entry>();
  let changed = false;
  const isAtGeneration: Ledger["isAtGeneration"] = ({ path }, generation) =>
    entries.get(path)?.[2] === generation;

  return {
    isAtGeneration,
    async keep({ path, head }) {
      notes ??= await persist(run, read);
      const { noted, until } = notes;
      const entry = noted.get(path);
      if (entry !== undefined && head.modifiedAt < until) entries.set(path, entry);
    },
    has(source, targetCell) {
      const { path, head } = source;
      const [generation, modifiedAt] = entries.get(path) ?? [];
      return !run.verify && generation === head.generation && modifiedAt === head.modifiedAt &&
        isAtGeneration(source, targetCell.head.generation);
    },
    add({ path, head }, generation) {
      const entry: Entry = [head.generation, head.modifiedAt, generation];
      changed ||= String(entries.get(path)) !== String(entry);
      entries.set(path, entry);
    },
    async save() {
      if (!changed || run.dryRun) return;
      try {
        await to.notes.write(key, Object.fromEntries(entries), { signal });
      } catch (error) {
        if (!isRegistryError(error)) throw error;
        const { message } = error;
        to.logger.warn(`mirror "${names.name}": the next run reads it all again: ${message}`);
      }
    },
  };

  async function read(): Promise<Notes> {
    const note = await to.notes.read(key, { signal });
    if (note === undefined) return NOTHING;
    return { noted: new Map(entriesOf(note.value)), until: note.modifiedAt + WHOLE_SECONDS_MS };
  }
}

/** Ignores invalid notes. */
function entriesOf(note: unknown): [string, Entry][] {
  if (typeof note !== "object" || note === null) return [];
  const isEntry = (value: unknown) =>
    Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);
  return Object.entries(note as Record<string, Entry>).filter(([, entry]) => isEntry(entry));
}

/** Returns `mirrors/<registry>/<name>/<source name>`, where a mirror notes what it found equal. */
export function mirrorKey(registry: string, name: string, source: string): string {
  return `${LAYOUT.MIRRORS}${registry}/${encodeName(name)}/${encodeName(source)}`;
}
