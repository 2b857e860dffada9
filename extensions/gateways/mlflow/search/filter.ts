// MLflow's language of filters and orders. All comparisons must hold; there is no OR.
//
//   metrics.auc > 0.5 AND params.`batch size` = '8' AND tags.stage LIKE 'x%'
//   attributes.start_time DESC
import { wrong } from "../errors.ts";

export type FieldType = "text" | "number";
export type Value = string | number | undefined;

/** A field of what is searched: `metric` and `auc`, or `attribute` and `start_time`. */
export interface Field {
  readonly kind: string;
  readonly key: string;
  readonly type: FieldType;
}

/** The fields of one kind of items. */
export interface Fields {
  /** Kinds with keys of any name, by each word for them. */
  readonly kinds: Readonly<Record<string, readonly [kind: string, type: FieldType]>>;
  readonly attributes: Readonly<Record<string, FieldType>>;
  /** The only keys of a kind. Items have several values of them, and are not sorted by them. */
  readonly several?: Readonly<Record<string, readonly string[]>>;
  /** Other names of attributes. */
  readonly aliases?: Readonly<Record<string, string>>;
}

export type Valued = (field: Field) => Value;
/** Returns the value of a field; several, of which one must satisfy a comparison. */
export type SeveralValued = (field: Field) => Value | readonly string[];

const ATTRIBUTES = new Set(["attribute", "attributes", "attr", "run"]);
const KEY = /\s*((?:[^\s'"`=<>!(),]|`[^`]*`|"[^"]*")+)/y;
const OPERATOR = /\s*(<=|>=|!=|=|<|>|(?:NOT\s+)?IN\b|I?LIKE\b|IS\s+(?:NOT\s+)?NULL\b)/iy;
const VALUE = /\s*(?:'([^']*)'|"([^"]*)"|(-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?![\w.]))/iy;
const OPEN = /\s*\(/y, COMMA = /\s*,/y, CLOSE = /\s*\)/y, AND = /\s*AND(?=\s)/iy, END = /\s*$/y;
const MOST_CHARACTERS = 8192;
/** Characters of all patterns of a filter: with others, one run with long texts took seconds. */
const MOST_IN_PATTERNS = 1000;

const QUOTES = "Put keys with spaces in backquotes";
const HINTS = {
  filter: `Compare fields with values, joined by AND. ${QUOTES}, texts with ' in double quotes.`,
  order: `Write a field, then ASC, DESC or nothing. ${QUOTES}: metrics.\`my key\` DESC.`,
};

class Reader {
  readonly #text: string;
  readonly #what: keyof typeof HINTS;
  #at = 0;
  #inPatterns = 0;

  constructor(text: string, what: keyof typeof HINTS) {
    if (text.length > MOST_CHARACTERS) throw wrong(`Invalid ${what}: it is too long`);
    this.#text = text;
    this.#what = what;
  }

  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text) ?? undefined;
    if (found !== undefined) this.#at = pattern.lastIndex;
    return found;
  }

  need(pattern: RegExp, what: string): RegExpExecArray {
    const found = this.take(pattern);
    if (found !== undefined) return found;
    throw wrong(
      `Invalid ${this.#what}: expected ${what} at '${this.#text.slice(this.#at, this.#at + 100)}'`,
      HINTS[this.#what],
    );
  }

  /** Returns the first group of a pattern. */
  word(pattern: RegExp, what: string): string {
    return this.need(pattern, what)[1] ?? "";
  }

  value(type: FieldType): string | number {
    const [, single, double, number] = this.need(VALUE, "a value");
    const text = single ?? double;
    if (type === "number" && number !== undefined) return Number(number);
    if (type === "text" && text !== undefined) return text;
    const state = type === "number" ? "a number without quotes" : "a text in quotes";
    throw wrong(`Invalid filter: '${text ?? number}' is not ${state}`);
  }

  /** Returns the pattern of a `LIKE`. */
  pattern(): string {
    const pattern = `${this.value("text")}`;
    this.#inPatterns += pattern.length;
    if (this.#inPatterns <= MOST_IN_PATTERNS) return pattern;
    throw wrong(
      `Invalid filter: its patterns of LIKE have more than ${MOST_IN_PATTERNS} characters`,
    );
  }
}

/** The test of a filter. */
export interface Filter {
  (valueOf: SeveralValued): boolean;
  /** Returns false if no item with this name satisfies it, before anything of the item is read. */
  mayHold(name: string): boolean;
}

/** Returns whether an item satisfies a filter. Throws `INVALID_PARAMETER_VALUE` for any other text. */
export function parseFilter(
  text: string | undefined,
  fields: Fields,
): Filter {
  const all: Comparison[] = [];
  if (text !== undefined && text.trim() !== "") {
    const reader = new Reader(text, "filter");
    all.push(comparison(reader, fields));
    while (reader.take(END) === undefined) {
      reader.need(AND, "AND");
      all.push(comparison(reader, fields));
    }
  }
  const ofName = all.filter(({ field }) => field.kind === "attribute" && field.key === "name");
  return Object.assign(
    (valueOf: SeveralValued) =>
      all.every(({ field, holds }) => {
        const its = valueOf(field);
        return Array.isArray(its) ? its.some(holds) : holds(its as Value);
      }),
    { mayHold: (name: string) => ofName.every(({ holds }) => holds(name)) },
  );
}

interface Comparison {
  readonly field: Field;
  holds(its: Value): boolean;
}

function comparison(reader: Reader, fields: Fields): Comparison {
  const field = fieldIn(reader.word(KEY, "a field"), fields);
  const operator = reader.word(OPERATOR, "an operator").toUpperCase().replace(/\s+/g, " ");
  return { field, holds: holding(reader, field, operator) };
}

function holding(reader: Reader, { type, key }: Field, operator: string): (its: Value) => boolean {
  if (operator === "IS NULL") return (its) => its === undefined;
  if (operator === "IS NOT NULL") return (its) => its !== undefined;
  if (operator.endsWith("IN")) {
    reader.need(OPEN, "(");
    const values = new Set([reader.value(type)]);
    while (reader.take(COMMA) !== undefined) values.add(reader.value(type));
    reader.need(CLOSE, ")");
    return (its) => its !== undefined && values.has(its) === (operator === "IN");
  }
  const isOrder = /^[<>]/.test(operator), asksLike = operator.endsWith("LIKE");
  if (type === "text" ? isOrder : asksLike) {
    throw wrong(`Invalid filter: '${key}' is a ${type}, which has no operator ${operator}`);
  }
  if (asksLike) {
    const isLike = likeTest(reader.pattern(), operator === "ILIKE");
    return (its) => its !== undefined && isLike(`${its}`);
  }
  const value = reader.value(type);
  const compare = COMPARE[operator]!;
  return (its) => its !== undefined && compare(its, value);
}

const COMPARE: Readonly<Record<string, (a: string | number, b: string | number) => boolean>> = {
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

/** Returns the test of a `LIKE`. A regular expression with many `%` could take for ever. */
function likeTest(like: string, ignoresCase: boolean): (text: string) => boolean {
  const fold = (text: string) => ignoresCase ? text.toLowerCase() : text;
  const [first = "", ...others] = fold(like).split("%");
  const last = others.pop();
  return (given) => {
    const text = fold(given);
    let at = endOfPart(text, first, 0);
    if (last === undefined) return at === text.length;
    for (const part of others) {
      if (at === undefined) return false;
      at = endOfNext(text, part, at);
    }
    return at !== undefined && endsWithPart(text, last, at);
  };
}

/** Returns where a part of a pattern ends that begins here; undefined if it does not. */
function endOfPart(text: string, part: string, begin: number): number | undefined {
  let at = begin;
  for (let i = 0; i < part.length; i++, at++) {
    if (at >= text.length) return undefined;
    if (part[i] !== "_") {
      if (part[i] !== text[at]) return undefined;
    } else if (isPair(text, at)) at++;
  }
  return at;
}

/** Returns where the first match of a part ends that begins here or later. */
function endOfNext(text: string, part: string, from: number): number | undefined {
  if (!part.includes("_")) {
    const found = text.indexOf(part, from);
    return found < 0 ? undefined : found + part.length;
  }
  for (let at = from; at < text.length; at++) {
    const end = at > 0 && isPair(text, at - 1) ? undefined : endOfPart(text, part, at);
    if (end !== undefined) return end;
  }
}

function endsWithPart(text: string, part: string, from: number): boolean {
  // Each `_` takes one or two code units.
  const least = Math.max(from, text.length - 2 * part.length);
  for (let at = text.length - part.length; at >= least; at--) {
    const isMiddle = at > 0 && isPair(text, at - 1);
    if (!isMiddle && endOfPart(text, part, at) === text.length) return true;
    if (!part.includes("_")) return false;
  }
  return false;
}

/** Returns whether a character of two code units begins here. */
function isPair(text: string, at: number): boolean {
  return (text.codePointAt(at) ?? 0) > 0xffff;
}

function fieldIn(text: string, { kinds, attributes, several = {}, aliases = {} }: Fields): Field {
  const [, word, rest = ""] = /^(\w+)\.([^]+)$/.exec(text) ?? [];
  const plain = (key: string) => /^([`"])([^]*)\1$/.exec(key)?.[2] ?? key;
  const kind = word !== undefined && Object.hasOwn(kinds, word) ? kinds[word] : undefined;
  if (kind !== undefined && (several[kind[0]] ?? [plain(rest)]).includes(plain(rest))) {
    return { kind: kind[0], key: plain(rest), type: kind[1] };
  }
  const given = plain(word !== undefined && ATTRIBUTES.has(word) ? rest : text);
  const key = Object.hasOwn(aliases, given) ? aliases[given] ?? given : given;
  const type = Object.hasOwn(attributes, key) ? attributes[key] : undefined;
  if (type !== undefined) return { kind: "attribute", key, type };
  const all = [...new Set(Object.keys(kinds).map((each) => `${each}.KEY`))];
  throw wrong(
    `Invalid filter or order: there is no field '${text.slice(0, 200)}'`,
    `Use ${[...Object.keys(attributes), ...all].join(", ")}.`,
  );
}

/** How items are sorted, by values that are looked up once for each. */
export interface Order {
  /** The fields, the first one first. */
  readonly fields: readonly Field[];
  compare(a: readonly Value[], b: readonly Value[]): number;
}

/** Returns the order of a request. Missing values are last, NaN before them. */
export function parseOrder(orders: readonly string[], fields: Fields): Order {
  const all = new Map<string, { field: Field; isDown: boolean }>();
  for (const text of orders) {
    const reader = new Reader(text, "order");
    const field = fieldIn(reader.word(KEY, "a field"), fields);
    if (Object.hasOwn(fields.several ?? {}, field.kind)) {
      throw wrong(`Invalid order: items have several values of '${text.slice(0, 200)}'`);
    }
    const isDown = reader.take(/\s+(ASC|DESC)\b/iy)?.[1]?.toUpperCase() === "DESC";
    reader.need(END, "the end");
    const id = `${field.kind} ${field.key}`;
    if (!all.has(id)) all.set(id, { field, isDown }); // the first one decides
  }
  const rows = [...all.values()];
  const rank = (value: Value) => value === undefined ? 2 : Number.isNaN(value) ? 1 : 0;
  return {
    fields: rows.map(({ field }) => field),
    compare(a, b) {
      for (const [at, { isDown }] of rows.entries()) {
        const one = a[at], other = b[at];
        const by = rank(one) - rank(other);
        if (by !== 0) return by;
        if (rank(one) > 0 || one === other) continue;
        return (one! < other!) === isDown ? 1 : -1;
      }
      return 0;
    },
  };
}
