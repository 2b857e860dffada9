// Parts of the schemas of requests. Values are as in JSON of Protocol Buffers: null and an empty string
// are absent, and integers may be strings.
import * as v from "npm:valibot@^1.5";
import { schema } from "../../../apps/server/extending.ts";
import { FACT, isOwnTag } from "../../runs/mlflow/stored_run.ts";
import { type Metric, NOT_FINITE } from "../../runs/mlflow/points.ts";

/** Maxima of strings, those of MLflow's server where it has any. */
export const MOST = {
  /** Ids contain a name, so they are longer than those of MLflow. */
  id: 1024,
  name: 500,
  key: 250,
  alias: 255,
  /** Parameters of a run have as much together. */
  param: 32_768,
  tag: 8192,
  tagOfExperiment: 20_000,
  tagOfModel: 100_000,
  filter: 8192,
  order: 1024,
  text: 65_536,
  pageToken: 4096,
  path: 4096,
} as const;

/** Maxima of lists and numbers. */
export const COUNT = {
  metrics: 1000,
  params: 100,
  tags: 100,
  /** Metrics, parameters and tags of a batch. */
  batch: 1000,
  /** Tags and parameters of a request that creates something. */
  facts: 1000,
  datasets: 1000,
  models: 1000,
  /** As many as a page of experiments has: clients send the ids of all experiments. */
  experiments: 50_000,
  orders: 20,
  runs: 100,
  history: 25_000,
} as const;

const isText = v.check<string, string>((text) => text.isWellFormed(), "it is not a string");

function plain(most: number) {
  return v.pipe(
    v.string("it is not a string"),
    v.maxLength(most, `it is longer than ${most} characters`),
    isText,
  );
}

/** A string; undefined if it is missing, null or empty. */
export function text(most: number) {
  return v.pipe(v.nullish(plain(most)), v.transform((given) => given || undefined));
}

/** A string that is there. */
export function needed(most: number) {
  return v.pipe(
    v.nullish(plain(most), ""),
    v.transform((given) => given ?? ""),
    v.minLength(1, "missing"),
  );
}

/** A list, which may be missing. */
export function list<S extends v.GenericSchema>(most: number, item: S) {
  return v.pipe(v.nullish(schema.atMost(most, item), []), v.transform((given) => given ?? []));
}

export function texts(most: number, each: number) {
  return list(most, plain(each));
}

/** A member of a query that may be repeated. */
export function repeated(most: number, each: number) {
  const item = plain(each);
  return v.pipe(
    v.optional(v.union([item, schema.atMost(most, item)]), []),
    v.transform((given) => [given].flat()),
  );
}

function integerOf(value: unknown): unknown {
  return typeof value === "string" && /^-?\d{1,20}$/.test(value) ? Number(value) : value;
}

/** An integer; undefined if it is missing. */
export function integer(
  least: number = Number.MIN_SAFE_INTEGER,
  most: number = Number.MAX_SAFE_INTEGER,
) {
  const words = least === Number.MIN_SAFE_INTEGER
    ? "it is not an integer that JSON keeps exactly"
    : `it must be from ${least} to ${most}`;
  const isOne = (value: unknown) => {
    const number = integerOf(value);
    return Number.isSafeInteger(number) && Number(number) >= least && Number(number) <= most;
  };
  const as = {
    anyOf: [{ type: "integer", minimum: least, maximum: most }, { type: "string", maxLength: 21 }],
  };
  return v.pipe(
    v.nullish(v.pipe(v.custom<number | string>(isOne, words), v.metadata({ as }))),
    v.transform((given) => given === null || given === undefined ? undefined : Number(given) + 0),
  );
}

/** One of some words, or its number in Protocol Buffers, from 1. */
export function word<const W extends string>(words: readonly W[], state: string) {
  const isOne = (value: unknown) =>
    typeof value === "number" ? value > 0 && value in [0, ...words] : words.includes(value as W);
  const as = { anyOf: [{ enum: words }, { type: "integer", minimum: 1, maximum: words.length }] };
  return v.pipe(
    v.nullish(v.pipe(v.custom<W | number>(isOne, state), v.metadata({ as }))),
    v.transform((given) =>
      (typeof given === "number" ? words[given - 1] : given ?? undefined) as W | undefined
    ),
  );
}

/** A flag, as JSON or as Python writes it in a query; false if it is missing. */
export const flag = v.pipe(
  v.nullish(v.union([v.boolean(), v.picklist(["true", "false", "True", "False"])], "not a flag")),
  v.transform((given) => given === true || /^true$/i.test(`${given}`)),
);

const KEY = /^[\p{L}\p{N}_\-.: /]+$/u;

/** A key of a parameter, metric or tag. The rules are those of MLflow. */
export const key = v.pipe(
  needed(MOST.key),
  v.check(
    (key) =>
      KEY.test(key) && key.split("/").every((part) => part !== "" && part !== "." && part !== ".."),
    "names have alphanumerics, underscores, dashes, periods, spaces, colons and slashes " +
      "between parts",
  ),
);

/** A key of a tag that clients may set. */
export const tagKey = v.pipe(
  key,
  v.check(
    (key) => !isOwnTag(key) && !key.startsWith(FACT),
    `Tags that begin with 'holdfast.' and '${FACT}' are reserved`,
  ),
);

/** The value of a tag, which may be empty. */
export function tagValue(most: number) {
  return v.pipe(v.nullish(plain(most), ""), v.transform((given) => given ?? ""));
}

/** A tag that clients may set. */
export function tag(most: number) {
  return v.object({ key: tagKey, value: tagValue(most) });
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export const param = v.object({ key, value: tagValue(MOST.param) });

const METRIC = {
  anyOf: [
    { type: "number", minimum: -Number.MAX_VALUE, maximum: Number.MAX_VALUE },
    { enum: [...NOT_FINITE.keys()] },
  ],
};

const isNumber = (value: unknown): value is number | string =>
  typeof value === "number" || typeof value === "string" && NOT_FINITE.has(value);

export const metric = v.object({
  key,
  value: v.pipe(
    v.nullish(
      v.pipe(v.custom<number | string>(isNumber, "it is not a number"), v.metadata({ as: METRIC })),
      0,
    ),
    v.transform((given) => typeof given === "string" ? NOT_FINITE.get(given)! : given ?? 0),
  ),
  timestamp: integer(),
  step: integer(),
  model_id: text(MOST.id),
});

/** Returns a metric that was sent, with the time now if it has none. */
export function metricOf(
  { key, value, timestamp, step = 0 }: v.InferOutput<typeof metric>,
  nowMs: number,
): Metric {
  return { key, value, timestamp: timestamp ?? nowMs, step };
}

/** Returns parameters or tags by their keys. */
export function byKey(all: readonly Tag[]): Map<string, string> {
  return new Map(all.map(({ key, value }) => [key, value]));
}
