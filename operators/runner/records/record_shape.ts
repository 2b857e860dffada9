// Shapes of run records. Anyone who may write to the registry can store others: each member that is
// read later has its type, so that no reader fails on a forged or damaged record.
import { isJsonObject, nameProblem, shown } from "../../../core/kernel.ts";

/** Returns the path of the first invalid member, empty for the value itself; undefined if valid. */
type Shape = (value: unknown) => string | undefined;

const is = (test: (value: unknown) => boolean): Shape => (value) => test(value) ? undefined : "";

const text = is((value) => typeof value === "string");
const time = is((value) => typeof value === "string" && Number.isFinite(Date.parse(value)));
const amount = is((value) => typeof value === "number" && Number.isFinite(value) && value >= 0);
const count = is((value) => Number.isSafeInteger(value) && (value as number) >= 0);
const flag = is((value) => typeof value === "boolean");
const oneOf = (...words: string[]) => is((value) => words.includes(value as string));

const within = (name: string | number, problem: string | undefined) =>
  problem === undefined ? undefined : problem === "" ? `${name}` : `${name}.${problem}`;

function list(member: Shape): Shape {
  return (value) => {
    if (!Array.isArray(value)) return "";
    for (const [index, one] of value.entries()) {
      const problem = within(index, member(one));
      if (problem !== undefined) return problem;
    }
  };
}

function each(member: Shape): Shape {
  return (value) => {
    if (!isJsonObject(value)) return "";
    for (const [name, one] of Object.entries(value)) {
      const problem = within(name, member(one));
      if (problem !== undefined) return problem;
    }
  };
}

function object(required: Record<string, Shape>, optional: Record<string, Shape> = {}): Shape {
  return (value) => {
    if (!isJsonObject(value)) return "";
    for (const [name, shape] of Object.entries({ ...required, ...optional })) {
      if (value[name] === undefined && !Object.hasOwn(required, name)) continue;
      const problem = within(name, shape(value[name]));
      if (problem !== undefined) return problem;
    }
  };
}

const input = object({
  from: text,
  digest: text,
  parts: list(object({ at: text, digest: text }, {
    name: text,
    ref: text,
    path: text,
    files: list(text),
  })),
});

const stepId = is((value) => typeof value === "string" && nameProblem(value) === undefined);

const planned = object({
  step: stepId,
  node: text,
  operator: text,
  decision: oneOf("run", "skip", "depends"),
  reasons: list(text),
  inputs: each(input),
}, {
  previous: is((value) => value === null || typeof value === "string"),
  files: text,
});

const metrics = is(isJsonObject);

const ENDS = ["ran", "skipped", "failed", "blocked", "cancelled"];

const outcome = object({ end: oneOf(...ENDS), durationMs: amount }, {
  startedAt: time,
  attempts: count,
  exitCode: count,
  exit: text,
  reason: text,
  hint: text,
  record: text,
  outputs: each(text),
  metrics,
});

const output = object({ digest: text }, {
  to: text,
  ref: text,
  path: text,
  file: text,
  files: list(text),
  size: amount,
});

/** Members of records of steps. Other programs may omit them. */
const facts = {
  run: text,
  step: text,
  node: text,
  operator: text,
  attempt: count,
  startedAt: text,
  durationMs: amount,
  metrics,
};

const SHAPES = {
  plan: object({ pipeline: text, configuration: text, steps: list(planned) }),
  result: object({
    run: text,
    end: oneOf("ok", "failed", "cancelled"),
    durationMs: amount,
    steps: each(outcome),
  }, { startedAt: time }),
  step: object({
    effect: text,
    outputs: each(output),
    fingerprint: object({ inputs: each(text), code: text }),
  }, { ...facts, shards: text }),
  failure: object({
    effect: text,
    error: object({}, {
      code: text,
      message: text,
      hint: text,
      reason: each(text),
    }),
  }, {
    ...facts,
    exitCode: count,
    exit: text,
    again: flag,
  }),
  shard: object({ outputs: each(object({ part: text }, { file: text })) }, {
    run: text,
    attempt: count,
    startedAt: time,
    durationMs: amount,
    metrics,
    code: text,
  }),
} satisfies Record<string, Shape>;

export type RecordKind = keyof typeof SHAPES;

/** Returns what is wrong with a record of a kind; undefined if it is valid. */
export function recordProblem(kind: RecordKind, record: unknown): string | undefined {
  if (!isJsonObject(record)) return "it is not an object";
  if (record.kind !== kind) return `it is not a record of a ${kind}`;
  const path = SHAPES[kind](record);
  if (path === undefined) return undefined;
  if (path === "fingerprint.inputs") return "its fingerprint has no inputs";
  const isWithout = kind === "step" && isJsonObject(record.outputs) &&
    Object.values(record.outputs).some((one) => !isJsonObject(one) || one.digest === undefined);
  if (path.startsWith("outputs.") && isWithout) return "an output has no digest";
  return `its member ${/^[\w.:-]{1,100}$/.test(path) ? path : shown(path)} is missing or invalid`;
}
