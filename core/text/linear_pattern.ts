// Regular expressions, in a time linear in the text: there are no references and no looking around,
// so all ways to match are followed at once (K. Thompson, CACM 11:6, 1968), a character at a time.

import { invalid, type RegistryError } from "../errors.ts";

/** A test of a character, by its code points: itself and, if case is ignored, its other forms. */
type Test = (forms: readonly number[]) => boolean;

/** A step of a program: a character, other steps to go on with, or a condition on the place. */
type Step = {
  readonly test?: Test;
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

/** Kinds of characters, by the first and the last one of each range. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  d: ["09"],
  w: ["az", "AZ", "09", "__"],
  s: ["\t\r", "  "],
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
  return matcher(program.steps, program.formsOf);
}

const codeOf = (character: string) => character.codePointAt(0)!;

function isOfKind(name: string, code: number): boolean {
  return KINDS[name]!.some((each) => code >= each.charCodeAt(0) && code <= each.charCodeAt(1));
}

/** Returns the code points of a character in each case. The second is the same for all of them. */
function casesOf(character: string): number[] {
  const one = (text: string) => [...text].length === 1 ? text : character;
  const upper = one(character.toUpperCase()), lower = one(character.toLowerCase());
  return [character, one(upper.toLowerCase()), upper, lower].map(codeOf);
}

class Program {
  readonly steps: Step[] = [];
  /** Returns the code points that a character stands for. */
  readonly formsOf: (character: string) => number[];
  readonly #source: readonly string[];
  #at = 0;

  constructor(source: string) {
    const ignoresCase = source.startsWith("(?i)");
    this.formsOf = ignoresCase ? casesOf : (character) => [codeOf(character)];
    this.#source = [...ignoresCase ? source.slice(4) : source];
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
    return () => parts.length > 0 ? parts.forEach((emit) => emit()) : this.#nothing();
  }

  /** Adds a step without an effect: each repetition of it counts. */
  #nothing(): void {
    this.#fork().push(this.steps.length);
  }

  #part(): Emit {
    const character = this.#source[this.#at++]!;
    if (character === "(") return this.#group();
    if (character === "[") return this.#one(this.#set());
    if (character === ".") return this.#one(([code]) => code !== 10);
    if (character === "^" || character === "$") return () => this.#add({ place: character });
    if (/[*+?{]/.test(character)) throw this.#problem(`${character} repeats nothing`);
    if (character !== "\\") return this.#one(this.#between(character));
    const place = this.#take("b") ? "b" : this.#take("B") ? "B" : undefined;
    if (place !== undefined) return () => this.#add({ place });
    const escaped = this.#escaped();
    return this.#one(typeof escaped === "string" ? this.#between(escaped) : escaped);
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

  /** Returns a test for a character between two, in any case if that is ignored. */
  #between(from: string, to = from): Test {
    const [own, folded = own] = this.formsOf(from) as [number, ...number[]];
    const [first, last] = from === to ? [folded, folded] : [own, codeOf(to)];
    return (forms) => forms.some((code) => code >= first && code <= last);
  }

  /** Returns a test for what follows a backslash: a kind of characters; or one character. */
  #escaped(): Test | string {
    const name = this.#source[this.#at++] ?? "";
    const kind = name.toLowerCase();
    if (Object.hasOwn(KINDS, kind)) {
      return (forms) => isOfKind(kind, forms[0]!) === (name === kind);
    }
    const character = CONTROLS[name] ?? name;
    if (/^[A-Za-z0-9]?$/.test(character)) throw this.#problem(`\\${name} is not supported`);
    return character;
  }

  #set(): Test {
    const isOther = this.#take("^");
    const tests: Test[] = [];
    while (!this.#take("]") || tests.length === 0) {
      const start = this.#at, from = this.#member();
      const isRange = typeof from === "string" && this.#source[this.#at] === "-" &&
        !["]", undefined].includes(this.#source[this.#at + 1]);
      if (isRange) this.#at++;
      const to = isRange ? this.#member() : from;
      if (typeof from !== "string") tests.push(from);
      else if (typeof to === "string" && codeOf(from) <= codeOf(to)) {
        tests.push(this.#between(from, to));
      } else {
        throw this.#problem(`${this.#source.slice(start, this.#at).join("")} is not a range`);
      }
    }
    return (forms) => tests.some((test) => test(forms)) !== isOther;
  }

  #member(): Test | string {
    const member = this.#source[this.#at++];
    if (member === undefined || member === "]") throw this.#problem("[ has no end, or is empty");
    return member === "\\" ? this.#escaped() : member;
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
    const most = typed === "?" ? 1 : Number(to ?? ((comma === undefined && from) || Infinity));
    if (least > most) throw this.#problem(`${typed} is not in order`);
    return () => this.#repeat(emit, least, most);
  }

  #repeat(emit: Emit, least: number, most: number): void {
    if (most === 0) return this.#nothing();
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

/** Returns a test of texts. It keeps the first states that it meets. */
function matcher(
  program: readonly Step[],
  formsOf: (character: string) => number[],
): (text: string) => boolean {
  const states = new Map<string, State>();
  const stateOf = (steps: readonly number[], before: string): State => {
    const state = { steps, before, next: new Map() };
    if (states.size >= MOST_STATES) return state;
    const key = `${before}${steps.toSorted((a, b) => a - b).join()}`;
    const known = states.get(key) ?? state;
    states.set(key, known);
    return known;
  };
  const first = stateOf([0], "");
  /** The character at which each step was last reached. */
  const reached = new Float64Array(program.length + 1);
  let turn = 0;
  /** Returns the steps that wait for a character, or true at the end of the program. */
  const waiting = ({ steps, before }: State, after: string): readonly number[] | true => {
    const left = [...steps], found: number[] = [];
    turn++;
    for (let at = left.pop(); at !== undefined; at = left.pop()) {
      if (reached[at] === turn) continue;
      reached[at] = turn;
      const step = program[at];
      if (step === undefined) return true;
      if (step.test !== undefined) found.push(at);
      else if (step.ways !== undefined) left.push(...step.ways);
      else if (isAt(step.place!, before, after)) left.push(at + 1);
    }
    return found;
  };
  const advance = (state: State, character: string): State | true => {
    const forms = formsOf(character);
    const after = isOfKind("w", forms[0]!) ? "w" : "n";
    const found = waiting(state, after);
    if (found === true) return true;
    const steps = found.filter((at) => program[at]!.test!(forms)).map((at) => at + 1);
    const isKept = states.size < MOST_STATES && state.next.size < MOST_STATES;
    const next = stateOf([0, ...steps], after);
    if (isKept) state.next.set(character, next);
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
