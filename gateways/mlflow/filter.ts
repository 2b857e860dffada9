// MLflow's language of filters and orders. All comparisons must hold; there is no OR.
//
//   metrics.auc > 0.5 AND params.`batch size` = '8' AND tags.stage LIKE 'x%'
//   attributes.start_time DESC
import { wrong } from "./errors.ts";

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

const QUOTES = "Put keys with spaces in backquotes";
const HINTS = {
  filter: `Compare fields with values, joined by AND. ${QUOTES}, texts with ' in double quotes.`,
  order: `Write a field, then ASC, DESC or nothing. ${QUOTES}: metrics.\`my key\` DESC.`,
};

class Reader {
  readonly #text: string;
  readonly #what: keyof typeof HINTS;
  #at = 0;

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
}

/** Returns whether an item satisfies a filter. Throws `INVALID_PARAMETER_VALUE` for any other text. */
export function parseFilter(
  text: string | undefined,
  fields: Fields,
): (valueOf: SeveralValued) => boolean {
  if (text === undefined || text.trim() === "") return () => true;
  const reader = new Reader(text, "filter");
  const all = [comparison(reader, fields)];
  while (reader.take(END) === undefined) {
    reader.need(AND, "AND");
    all.push(comparison(reader, fields));
  }
  return (valueOf) => all.every((holds) => holds(valueOf));
}

function comparison(reader: Reader, fields: Fields): (valueOf: SeveralValued) => boolean {
  const field = fieldIn(reader.word(KEY, "a field"), fields);
  const operator = reader.word(OPERATOR, "an operator").toUpperCase().replace(/\s+/g, " ");
  const holds = holding(reader, field, operator);
  return (valueOf) => {
    const its = valueOf(field);
    return Array.isArray(its) ? its.some(holds) : holds(its as Value);
  };
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
  const value = reader.value(type);
  if (asksLike) {
    const isLike = likeTest(`${value}`, operator === "ILIKE");
    return (its) => its !== undefined && isLike(`${its}`);
  }
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
  const charactersOf = (text: string) => [...(ignoresCase ? text.toLowerCase() : text)];
  const pattern = charactersOf(like);
  return (text) => {
    const its = charactersOf(text);
    let at = 0, next = 0, afterAny = 0, from = 0;
    while (at < its.length) {
      if (pattern[next] === "%") {
        afterAny = ++next;
        from = at;
      } else if (pattern[next] === "_" || pattern[next] === its[at]) {
        next++;
        at++;
      } else if (afterAny > 0) { // the last % takes one more
        next = afterAny;
        at = ++from;
      } else return false;
    }
    return pattern.slice(next).every((character) => character === "%");
  };
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

/** Returns how items are sorted. Missing values are last, NaN before them. */
export function parseOrder(
  orders: readonly string[],
  fields: Fields,
): (a: Valued, b: Valued) => number {
  const all = orders.map((text) => {
    const reader = new Reader(text, "order");
    const field = fieldIn(reader.word(KEY, "a field"), fields);
    if (Object.hasOwn(fields.several ?? {}, field.kind)) {
      throw wrong(`Invalid order: items have several values of '${text.slice(0, 200)}'`);
    }
    const isDown = reader.take(/\s+(ASC|DESC)\b/iy)?.[1]?.toUpperCase() === "DESC";
    reader.need(END, "the end");
    return { field, isDown };
  });
  const rank = (value: Value) => value === undefined ? 2 : Number.isNaN(value) ? 1 : 0;
  return (a, b) => {
    for (const { field, isDown } of all) {
      const one = a(field), other = b(field);
      const by = rank(one) - rank(other);
      if (by !== 0) return by;
      if (rank(one) > 0 || one === other) continue;
      return (one! < other!) === isDown ? 1 : -1;
    }
    return 0;
  };
}
