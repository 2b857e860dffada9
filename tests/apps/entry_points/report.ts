// Compares and counts the answers of entry points.
import { assertEquals } from "@std/assert";
import type { Case, Step } from "./cases.ts";
import { type EntryPoint, type Location, orRefused } from "./entry_point.ts";
import { library } from "./registries.ts";

export interface Caller {
  name: string;
  point: EntryPoint;
  at: Location;
  /** The entry point that wrote what is read. */
  writer?: string;
}

type Counts = Record<"saves" | "loads" | "others" | "refusals" | "not there", number>;

export class Report {
  readonly #counts = new Map<string, Counts>();
  /** The entry points that wrote what was read wrongly. */
  readonly #wrong = new Map<string, string[]>();

  /** Counts a step, or a case to write, that an entry point does not have. */
  leaveOut(name: string): void {
    this.#countsOf(name)["not there"]++;
  }

  #countsOf(name: string): Counts {
    const none = { saves: 0, loads: 0, others: 0, refusals: 0, "not there": 0 };
    const counts = this.#counts.get(name) ?? none;
    this.#counts.set(name, counts);
    return counts;
  }

  /** Takes a step through an entry point. */
  async add(each: Case, step: Step, { name, point, at, writer = name }: Caller): Promise<void> {
    const { operation, given, refused } = step;
    const found = await call(point, step, at);
    const wanted = refused !== undefined
      ? { refused }
      : step.gives === "library"
      ? await call(library, step, at)
      : step.gives;
    const expected = isRefusal(wanted)
      ? { refused: point.refuses ?? wanted.refused }
      : operation === "load"
      ? pick(wanted, point.loads)
      : wanted;
    const kind = isRefusal(expected)
      ? "refusals"
      : operation === "save" || operation === "load"
      ? `${operation}s` as const
      : "others";
    this.#countsOf(name)[kind]++;
    if (expected === undefined ? !isRefusal(found) : isEqual(found, expected)) return;
    const asked = `${operation} ${short(given)}`;
    const row = `${each.case}: ${name}: ${asked} gives ${short(found)}, not ${short(expected)}`;
    this.#wrong.set(row, [...this.#wrong.get(row) ?? [], writer]);
  }

  /** Prints the counts, and throws with all wrong answers. */
  end(): void {
    console.table(Object.fromEntries(this.#counts));
    const rows = Array.from(this.#wrong, ([row, writers]) => `${row} (written by ${writers})`);
    if (rows.length > 0) throw new Error(rows.join("\n"));
  }
}

function call({ operations }: EntryPoint, { operation, given }: Step, at: Location) {
  const run = operations[operation] as (at: Location, given: unknown) => Promise<unknown>;
  return orRefused(() => run(at, given));
}

function isRefusal(answer: unknown): answer is { refused: string } {
  return typeof answer === "object" && answer !== null && "refused" in answer;
}

/** The members of a loaded version that an entry point has. */
function pick(loaded: unknown, members?: string[]): unknown {
  if (members === undefined) return loaded;
  const own = Object.entries(loaded as object).filter(([member]) => members.includes(member));
  return Object.fromEntries(own);
}

function isEqual(found: unknown, expected: unknown): boolean {
  try {
    assertEquals(found, expected);
    return true;
  } catch {
    return false;
  }
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? "no refusal";
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
