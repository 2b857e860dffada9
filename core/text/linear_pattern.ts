// Regular expressions, in a time linear in the text: there are no references and no looking around,
// so all ways to match are followed at once (K. Thompson, CACM 11:6, 1968), a character at a time.

import { invalid, type RegistryError } from "../errors.ts";

/** A step of a program: a character, other steps to go on with, or a condition on the place. */
type Step = {
  readonly test?: (character: string) => boolean;
  readonly ways?: number[];
  readonly place?: string;
};

/** Adds the steps of a part to the program. */
type Emit = () => void;

/** Steps that wait for a character, and where it leads from there. */
interface State {
  readonly steps: readonly number[];
  /** The character before: `w` of a word, `n` another, "" at the beginning. */
  readonly before: string;
  readonly next: Map<string, State | true>;
}

const MOST_CHARACTERS = 200, MOST_STEPS = 500, MOST_STATES = 500;

const KINDS: Readonly<Record<string, RegExp>> = {
  d: /[0-9]/,
  w: /[A-Za-z0-9_]/,
  s: /[ \t\n\r\f\v]/,
};
const CONTROLS: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", f: "\f", v: "\v" };

/**
 * Returns a test of whether a text contains what a regular expression describes. It has `.`,
 * `[a-z]`, `\d \w \s \b` and their opposites (of ASCII), `^ $`, groups, `|`, `* + ?`, `{2,3}`, and
 * `(?i)` at its beginning, which ignores case.
 *
 * @throws {RegistryError} `Invalid` for anything else, and for more than 200 characters
 */
export function linearPattern(source: string): (text: string) => boolean {
  const program = new Program(source);
  program.read();
  return matcher(program.steps);
}

class Program {
  readonly steps: Step[] = [];
  readonly #source: readonly string[];
  readonly #ignoresCase: boolean;
  #at = 0;

  constructor(source: string) {
    this.#ignoresCase = source.startsWith("(?i)");
    this.#source = [...this.#ignoresCase ? source.slice(4) : source];
  }

  read(): void {
    if (this.#source.length > MOST_CHARACTERS) {
      throw this.#problem(`it is longer than ${MOST_CHARACTERS} characters`);
    }
    const emit = this.#either();
    if (this.#at < this.#source.length) throw this.#problem(") closes no group");
    emit();
  }

  #problem(state: string): RegistryError {
    const hint = "Use . [a-z] \\d \\w \\s \\b ^ $ ( ) | * + ? {2,3}, and a \\ before other signs.";
    return invalid("parse pattern", JSON.stringify(this.#source.join("")), state, { hint });
  }

  #take(wanted: string): boolean {
    const is = this.#source.slice(this.#at, this.#at + wanted.length).join("") === wanted;
    if (is) this.#at += wanted.length;
    return is;
  }

  #add(step: Step): number {
    if (this.steps.length >= MOST_STEPS) throw this.#problem("it repeats too much");
    return this.steps.push(step) - 1;
  }

  /** Adds a step that goes on with others, and returns these. */
  #fork(...ways: number[]): number[] {
    this.#add({ ways });
    return ways;
  }

  #either(): Emit {
    const all = [this.#sequence()];
    while (this.#take("|")) all.push(this.#sequence());
    if (all.length === 1) return all[0]!;
    return () => {
      const begins = this.#fork();
      const ends = all.map((emit) => {
        begins.push(this.steps.length);
        emit();
        return this.#fork();
      });
      for (const end of ends) end.push(this.steps.length);
    };
  }

  #sequence(): Emit {
    const parts: Emit[] = [];
    while (this.#at < this.#source.length && !/[|)]/.test(this.#source[this.#at]!)) {
      parts.push(this.#repeated(this.#part()));
    }
    // An empty one has a step, too: each repetition counts.
    return () =>
      parts.length > 0 ? parts.forEach((emit) => emit()) : this.#fork().push(
        this.steps.length,
      );
  }

  #part(): Emit {
    const character = this.#source[this.#at++]!;
    if (character === "(") return this.#group();
    if (character === "[") return this.#one(this.#set());
    if (character === ".") return this.#one((each) => each !== "\n");
    if (character === "^" || character === "$") return () => this.#add({ place: character });
    if (/[*+?{]/.test(character)) throw this.#problem(`${character} repeats nothing`);
    if (character !== "\\") return this.#one(this.#same(character, character));
    const place = /[bB]/.exec(this.#source[this.#at] ?? "")?.[0];
    if (place === undefined) return this.#one(this.#escaped());
    this.#at++;
    return () => this.#add({ place });
  }

  #one(test: Step["test"]): Emit {
    return () => this.#add({ test });
  }

  #group(): Emit {
    if (!this.#take("?:") && this.#take("?")) throw this.#problem("(? is not supported");
    const emit = this.#either();
    if (!this.#take(")")) throw this.#problem("a group has no )");
    return emit;
  }

  /** Returns a test for a character between two, in either case if that is ignored. */
  #same(from: string, to: string): (character: string) => boolean {
    const [low, high] = [from, to].map((each) => each.codePointAt(0)!) as [number, number];
    const isIn = (each: string) => each.codePointAt(0)! >= low && each.codePointAt(0)! <= high;
    if (!this.#ignoresCase) return isIn;
    return (each) => isIn(each) || isIn(each.toLowerCase()) || isIn(each.toUpperCase());
  }

  /** Returns a test for what follows a backslash: a kind of characters, or one. */
  #escaped(): (character: string) => boolean {
    const name = this.#source[this.#at++] ?? "";
    const kind = KINDS[name.toLowerCase()];
    if (kind !== undefined) return (each) => kind.test(each) === (name === name.toLowerCase());
    const character = CONTROLS[name] ?? name;
    if (/^[A-Za-z0-9]?$/.test(character)) throw this.#problem(`\\${name} is not supported`);
    return this.#same(character, character);
  }

  #set(): (character: string) => boolean {
    const isOther = this.#take("^");
    const tests: ((character: string) => boolean)[] = [];
    while (!this.#take("]") || tests.length === 0) {
      const from = this.#source[this.#at++];
      if (from === undefined || from === "]") throw this.#problem("[ has no end, or is empty");
      const next = this.#source[this.#at + 1];
      if (from === "\\") tests.push(this.#escaped());
      else if (this.#source[this.#at] === "-" && next !== undefined && next !== "]") {
        if (next === "\\" || next.codePointAt(0)! < from.codePointAt(0)!) {
          throw this.#problem(`${from}-${next} is not a range`);
        }
        this.#at += 2;
        tests.push(this.#same(from, next));
      } else tests.push(this.#same(from, from));
    }
    return (each) => tests.some((test) => test(each)) !== isOther;
  }

  #repeated(emit: Emit): Emit {
    const rest = this.#source.slice(this.#at).join("");
    const [typed, from, comma, to] = /^(?:[*+?]|\{(\d{1,3})(?:(,)(\d{1,3})?)?\})/.exec(rest) ??
      [];
    if (typed === undefined) return emit;
    this.#at += typed.length;
    this.#take("?"); // the shortest match is a match, too
    if (/^[*+?{]/.test(this.#source[this.#at] ?? "")) throw this.#problem("it repeats twice");
    const least = Number(from ?? (typed === "+" ? 1 : 0));
    const most = from === undefined ? (typed === "?" ? 1 : Infinity) : Number(
      to ?? (comma === undefined ? from : Infinity),
    );
    if (least > most) throw this.#problem(`${typed} is not in order`);
    return () => this.#repeat(emit, least, most);
  }

  #repeat(emit: Emit, least: number, most: number): void {
    for (let i = 0; i < least; i++) emit();
    const ends: number[][] = [];
    for (let i = least; i < most; i = most === Infinity ? most : i + 1) {
      const begin = this.steps.length;
      ends.push(this.#fork(begin + 1));
      emit();
      if (most === Infinity) this.#fork(begin);
    }
    for (const end of ends) end.push(this.steps.length);
  }
}

/** Returns a test of texts. It keeps the states that it has met. */
function matcher(program: readonly Step[]): (text: string) => boolean {
  const states = new Map<string, State>();
  const stateOf = (steps: readonly number[], before: string): State => {
    const key = `${before}${steps.join()}`;
    const known = states.get(key);
    if (known !== undefined) return known;
    if (states.size >= MOST_STATES) states.clear();
    const state = { steps, before, next: new Map() };
    states.set(key, state);
    return state;
  };
  const first = stateOf([0], "");
  /** Returns the steps that wait for a character, or true at the end of the program. */
  const waiting = ({ steps, before }: State, after: string): readonly number[] | true => {
    const left = [...steps], seen = new Set<number>(left), found: number[] = [];
    for (let at = left.pop(); at !== undefined; at = left.pop()) {
      const step = program[at];
      if (step === undefined) return true;
      if (step.test !== undefined) found.push(at);
      const ways = step.ways ??
        (step.place !== undefined && isAt(step.place, before, after) ? [at + 1] : []);
      for (const way of ways) if (!seen.has(way)) left.push(way), seen.add(way);
    }
    return found;
  };
  const advance = (state: State, character: string): State | true => {
    const after = KINDS.w!.test(character) ? "w" : "n";
    const found = waiting(state, after);
    if (found === true) return true;
    const steps = found.filter((at) => program[at]!.test!(character)).map((at) => at + 1);
    const next = stateOf([...new Set([0, ...steps.sort((a, b) => a - b)])], after);
    if (state.next.size < MOST_STATES) state.next.set(character, next);
    return next;
  };
  return (text) => {
    let state = first;
    for (const character of text) {
      const next = state.next.get(character) ?? advance(state, character);
      if (next === true) return true;
      state = next;
    }
    return waiting(state, "") === true;
  };
}

function isAt(place: string, before: string, after: string): boolean {
  if (place === "^") return before === "";
  if (place === "$") return after === "";
  return ((before === "w") !== (after === "w")) === (place === "b");
}
