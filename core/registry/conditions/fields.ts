// The fields of conditions: what each compares, and where versions have it.
import { byteSize } from "../../text/byte_size.ts";
import { comparing, comparingText, comparingVersions, valueAt } from "../../text/comparing.ts";
import type { Comparison } from "../../text/comparing.ts";
import { instantOf } from "../../text/iso_time.ts";
import { linearPattern } from "../../text/linear_pattern.ts";
import { endStateOf } from "./end_state.ts";

/**
 * Facts of a version, a run or a line of a list, which conditions compare.
 *
 * @internal
 */
export interface Facts {
  readonly name: string;
  readonly version: string;
  /** The id of the materializer. */
  readonly kind: string;
  /** Bytes. */
  readonly size?: number;
  /** ISO 8601. */
  readonly createdAt: string;
  /** The name of who saved it. */
  readonly by?: string;
  readonly aliases?: readonly string[];
  /** The state of a run. @default how the run ended that made the version, by its metadata */
  readonly state?: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly labels?: Readonly<Record<string, unknown>>;
}

export interface Field {
  /** The full name: `metadata.metrics.auc` of `metrics.auc`. */
  readonly name: string;
  readonly type: "text" | "aliases" | "version" | "size" | "time" | "value";
  read(facts: Facts): unknown;
}

/** Fields of one word. */
const FIELDS: Readonly<Record<string, readonly [Field["type"], Field["read"]]>> = {
  name: ["text", ({ name }) => name],
  version: ["version", ({ version }) => version],
  alias: ["aliases", ({ aliases }) => aliases?.length ? aliases : ""],
  kind: ["text", ({ kind }) => kind],
  size: ["size", ({ size }) => size],
  by: ["text", ({ by }) => by],
  state: ["text", ({ state, metadata }) => state ?? endStateOf(metadata)],
  created: ["time", ({ createdAt }) => createdAt],
};

/** Keys that users choose; `metrics.auc` and `params.lr` are members of metadata. */
const KEY = /^(?:(metadata|labels)\.|(?=(?:metrics|params)\.))(.+)$/s;

export const FIELD_NAMES: readonly string[] = Object.keys(FIELDS);

/** Returns a field, without quotes around its keys; undefined for an unknown one. */
export function fieldOf(name: string): Field | undefined {
  const [type, own] = Object.hasOwn(FIELDS, name) ? FIELDS[name]! : [];
  if (type !== undefined && own !== undefined) return { name, type, read: own };
  const [, of = "metadata", path] = KEY.exec(name) ?? [];
  if (path === undefined) return undefined;
  const read = (facts: Facts) => valueAt(facts[of as "metadata" | "labels"], path);
  return { name: `${of}.${path}`, type: "value", read };
}

/**
 * Returns a test of a field against a typed value, or why there is none.
 *
 * @param isText true if an empty value is a text to compare: otherwise, it finds what has none
 */
export function testOf(
  { type, read }: Field,
  { sign, value, isText = value !== "" }: {
    sign: Comparison | "~" | "!~";
    value: string;
    isText?: boolean;
  },
): ((facts: Facts) => boolean) | string {
  if (!isText) {
    if (/[<>~]/.test(sign)) return "there is no value";
    return (facts) => isNone(read(facts)) === (sign === "=");
  }
  if (sign === "~" || sign === "!~") {
    if (type === "size") return "a size is not text";
    const matches = linearPattern(value);
    const isFound = (each: unknown) => typeof each === "string" && matches(each);
    const valuesOf = (facts: Facts) => type === "aliases" ? facts.aliases ?? [] : [read(facts)];
    return (facts) => valuesOf(facts).some(isFound) === (sign === "~");
  }
  const wanted = type === "size" ? byteSize(value)?.toString() : value;
  if (wanted === undefined) return `${JSON.stringify(value)} is not a size`;
  if (type === "time") return comparingTime(sign, wanted, read);
  const compare = { aliases: comparingText, text: comparingText, version: comparingVersions };
  const meets = (Object.hasOwn(compare, type) ? compare[type as "text"] : comparing)(sign, wanted);
  if (type === "text") return (facts) => meets(read(facts) as string | undefined ?? "");
  if (type !== "aliases") return (facts) => meets(read(facts) as string);
  return ({ aliases = [] }) => sign === "!=" ? aliases.every(meets) : aliases.some(meets);
}

const isNone = (value: unknown) => value === undefined || value === null || value === "";

/** Their ends make a whole time of any beginning. */
const EXAMPLES = ["2000-01-01T00:00:00.000Z", "2000-10-10T00:00:00.000Z"];

/** Compares with an instant, or with the beginning of a time in UTC, such as `2026-03`. */
function comparingTime(sign: Comparison, wanted: string, read: Field["read"]) {
  const whole = EXAMPLES.map((date) => wanted + date.slice(wanted.length));
  if (![wanted, ...whole].some((date) => typeof instantOf(date) === "object")) {
    return `there is no date ${JSON.stringify(wanted)}`;
  }
  if (/Z$|[T ].*[+-]/i.test(wanted) || wanted.length > "2026-03-01T14:05:00.123".length) {
    const meets = comparing(sign, wanted);
    return (facts: Facts) => meets(read(facts));
  }
  const meets = comparingText(sign, wanted.toUpperCase().replace(" ", "T"));
  return (facts: Facts) => meets((read(facts) as string).slice(0, wanted.length));
}
