// Configurations and histories, which the files of runs and exports have alike.
import { isJsonObject, parsedJson, quoteNotFinite, shown } from "../../../core/kernel.ts";
import { type Metric, NOT_FINITE } from "../mlflow/points.ts";
import { numberText } from "../point_text.ts";
import { LONG_INTEGER, WrittenNumber } from "../written.ts";

const MOST_DEPTH = 20, MOST_PROBLEMS = 100;

/** Values that W&B adds to the numbers of a program. */
const OWN_KEYS = /^(_(step|timestamp|runtime|wandb(\.[^]*)?))?$/;

export function isOwnKey(key: string): boolean {
  return OWN_KEYS.test(key);
}

/** Returns tags as a text: `a, b`, or a list as JSON where that would be read as other tags. */
export function tagsText(tags: readonly string[]): string {
  const text = tags.join(", "), read = tagsInText(text);
  const isSame = read.length === tags.length && read.every((tag, at) => tag === tags[at]);
  return isSame ? text : JSON.stringify(tags);
}

/** Returns the tags in a text. */
export function tagsInText(text: string): string[] {
  const list = parsedJson(text);
  const isList = Array.isArray(list) && list.every((each) => typeof each === "string");
  return isList ? list : text.split(", ").filter((tag) => tag !== "");
}

/** Yields the numbers of a step, which `_step` has if it is not given. */
export function* metricsIn(
  values: ReadonlyMap<string, number>,
  { step: given, startedMs }: { step?: number; startedMs: number },
): Generator<Metric> {
  const finite = (key: string) => {
    const value = values.get(key);
    return value !== undefined && Number.isFinite(value) ? value : undefined;
  };
  const step = given ?? finite("_step") ?? 0, seconds = finite("_timestamp");
  const timestamp = seconds === undefined ? startedMs : Math.round(seconds * 1000);
  if (!Number.isSafeInteger(step) || Math.abs(timestamp) > 8.64e15) return;
  for (const [key, value] of values) {
    if (!isOwnKey(key)) yield { key, value, timestamp, step };
  }
}

/**
 * Returns numbers, also nested ones, whose keys are joined with dots. Integers that would be rounded
 * are problems, unless `texts` gets their digits.
 */
export function numbersIn(
  values: Iterable<readonly [string, unknown]>,
  problems: string[],
  texts?: Map<string, string>,
): Map<string, number> {
  const numbers = new Map<string, number>();
  const refuse = (state: string) => problems.length < MOST_PROBLEMS && problems.push(state);
  const set = (key: string, number: number | undefined) => {
    if (number === undefined) return;
    if (numbers.has(key)) refuse(`it has ${shown(key)} twice in a step`);
    numbers.set(key, number);
  };
  const add = (key: string, value: unknown, depth: number) => {
    if (typeof value === "number") set(key, value);
    else if (typeof value === "string") set(key, NOT_FINITE.get(value));
    else if (value instanceof WrittenNumber) {
      const { exact, text } = value;
      texts?.set(key, text);
      if (exact === undefined && texts === undefined) {
        refuse(`${shown(key)} is ${text}, which a number would round`);
      }
      set(key, texts === undefined ? exact : Number(text));
    } else if (isJsonObject(value) && value._type === undefined && depth < MOST_DEPTH) {
      for (const [name, each] of Object.entries(value)) add(`${key}.${name}`, each, depth + 1);
    }
  };
  for (const [key, value] of values) add(key, value, 0);
  return numbers;
}

/**
 * Returns the value of a JSON text, also of NaN and infinities, which are strings then. Numbers are as
 * they are written: all, or integers that might be rounded.
 */
export function valueOf(json: string, { isWritten = LONG_INTEGER.test(json) } = {}): unknown {
  const keep = (_: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" ? new WrittenNumber(context?.source ?? `${value}`) : value;
  try {
    return JSON.parse(quoteNotFinite(json), isWritten ? keep : undefined);
  } catch {
    return json;
  }
}

/** The texts of a configuration, and the number of its values. */
export interface Params {
  readonly params: Map<string, string>;
  readonly count: number;
}

/** Returns a configuration as texts, whose nested keys are joined with dots. */
export function paramsOf(
  config: Iterable<readonly [string, unknown]>,
  problems: string[],
): Params {
  const params = new Map<string, string>();
  let count = 0;
  const add = (key: string, value: unknown, depth: number) => {
    const members = isPlainObject(value) && depth < MOST_DEPTH ? Object.entries(value) : [];
    for (const [name, each] of members) add(`${key}.${name}`, each, depth + 1);
    if (members.length > 0) return;
    count++;
    if (params.has(key)) problems.push(`its configuration has ${shown(key)} twice`);
    params.set(key, typeof value === "string" ? value : writtenJson(value));
  };
  for (const [key, value] of config) if (!/^_wandb(\.|$)/.test(key)) add(key, value, 0);
  return { params, count };
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return isJsonObject(value) && !(value instanceof WrittenNumber);
}

/** Returns a value as JSON, with numbers as they were written, and keys in an order if `isSorted`. */
export function writtenJson(value: unknown, isSorted = false): string {
  if (value instanceof WrittenNumber) return value.text;
  if (typeof value === "number") return numberText(value);
  const textOf = (each: unknown) => writtenJson(each, isSorted);
  if (Array.isArray(value)) return `[${value.map(textOf).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value);
  if (isSorted) keys.sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${textOf(value[key])}`).join(",")}}`;
}

/** Returns values of a summary that are not the last points of their metrics. */
export function summaryBeside(
  summary: ReadonlyMap<string, number>,
  last: ReadonlyMap<string, { readonly value: number }>,
): Map<string, number> {
  return new Map(
    [...summary].filter(([key, value]) => {
      const point = last.get(key);
      return point !== undefined && !Object.is(point.value, value);
    }),
  );
}
