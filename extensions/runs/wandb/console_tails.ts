// The last lines of the consoles of runs. This process reads each part once.
import type { Registry } from "../../../mod.ts";
import { keepNewest, mapAtOnce } from "../../../core/kernel.ts";
import { recordsOf } from "../../../registry/records.ts";
import type { RunName } from "../../../core/registry/run.ts";
import { lookAtRun, noSuchRun } from "../look_at_run.ts";
import { CONSOLE_FILE, inOrder, lineOf, linesIn, type SentLine, STREAM } from "./streamed_files.ts";

/** Lines and characters of an answer, and runs whose lines are kept. */
const MOST_LINES = 1000, MOST_CHARACTERS = 2 ** 18, MOST_RUNS = 50;

export interface ConsoleTail {
  /** Absent if nothing was printed since `after`. */
  readonly text?: string;
  /** True if there are lines before those of the text. */
  readonly isCut?: boolean;
  readonly next: string;
}

/** The last lines, in order. */
interface Tail {
  readonly lines: readonly SentLine[];
  /** True if earlier lines do not fit. */
  readonly isFull: boolean;
}

interface Known extends Tail {
  /** The number of parts that it has, and the last one of them. */
  readonly parts: number;
  readonly last?: string;
}

export class ConsoleTails {
  readonly #registry: Registry;
  readonly #known = new Map<string, Known>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Returns the last lines, unless `after` is the `next` of a tail and none came since. */
  async tailOf(
    run: RunName,
    { after, signal }: { after?: string; signal?: AbortSignal },
  ): Promise<ConsoleTail> {
    const records = recordsOf(this.#registry, "read the console of a run");
    const { first, draft } = await lookAtRun(records, run, signal);
    if (first === undefined) throw noSuchRun(run);
    const parts = [...draft.parts.keys()].filter((part) => STREAM.test(part)).sort();
    const next = `${parts.length}`;
    if (next === after) return { next };
    const key = JSON.stringify([run, first]), before = this.#known.get(key);
    // A part that landed late does not write over those after it: all are read again.
    const known = parts.slice(0, before?.parts).at(-1) === before?.last ? before : undefined;
    const unread = parts.slice(known?.parts ?? 0).reverse();
    const end = parts.reduce((end, part) => Math.max(end, Number(STREAM.exec(part)?.[1])), 0);
    const read = mapAtOnce(unread, async (name) => {
      const part = await draft.read(name);
      const file = part?.note.files.find(({ path }) => path === CONSOLE_FILE);
      return file ? await linesIn(draft.open(part!, file)) : [];
    });
    let tail: Tail = { lines: [], isFull: false };
    for await (const lines of read) {
      tail = tailIn([...lines, ...tail.lines]);
      if (isWhole(tail, end)) break; // else newer parts have written over lines, as progress bars do
    }
    if (known !== undefined) tail = tailIn([...known.lines, ...tail.lines], known.isFull);
    this.#known.delete(key);
    this.#known.set(key, { ...tail, parts: parts.length, last: parts.at(-1) });
    keepNewest(this.#known, MOST_RUNS);
    const text = tail.lines.map(({ line }) => lineOf(line).text).join("\n");
    const { isFull, lines: [begin] } = tail;
    const isCut = isFull || (begin?.at ?? 0) > 0 || text.length > MOST_CHARACTERS;
    return { text: text.slice(-MOST_CHARACTERS), isCut, next };
  }
}

/** Returns the last of some lines, of which the later ones replace those with their numbers. */
function tailIn(lines: readonly SentLine[], wasFull = false): Tail {
  const all = inOrder(lines);
  let size = 0, count = 0;
  while (count < Math.min(all.length, MOST_LINES) && size < MOST_CHARACTERS) {
    size += all[all.length - ++count]!.line.length + 1;
  }
  return { lines: all.slice(all.length - count), isFull: wasFull || count < all.length };
}

/**
 * True if no line is missing between the first and the one before `end`, and none before. Those of
 * programs that share a run have no common numbers.
 */
function isWhole({ lines, isFull }: Tail, end: number): boolean {
  const { at = 0 } = lines[0] ?? {};
  if (lines.some(({ writer }) => writer !== "")) return isFull;
  return at + lines.length === end && (isFull || at === 0);
}
