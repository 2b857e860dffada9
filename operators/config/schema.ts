// Schemas of configurations, in valibot. They check files, and docs/*.schema.json is made from
// them. A message has two lines: the problem and the hint. A problem that begins with "is" follows
// a description of the value.
import * as v from "npm:valibot@^1.5";
import { didYouMean, isJsonObject } from "../../core/kernel.ts";
import { parseCores, parseSize, parseTime } from "./quantities.ts";

/** Ids of pipelines, nodes and steps, which are also names of folders. */
export const ID_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;
export const VERSION_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.+-]{0,49}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

const isNot = (what: string, hint: string) => `is not ${what}\n${hint}`;

function text(what: string, hint: string, pattern?: RegExp) {
  const message = isNot(what, hint);
  const rule = pattern === undefined ? v.minLength(1, message) : v.regex(pattern, message);
  return v.pipe(v.string(message), rule as v.GenericValidation<string, string>);
}

function whole(least: number, most: number) {
  const hint = `Write an integer from ${least} to ${most}.`;
  const message = isNot(`an integer from ${least} to ${most}`, hint);
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(least, message),
    v.maxValue(most, message),
  );
}

/** A number, alone or with a unit. `json` is its JSON Schema, for editors. */
function quantity(
  what: string,
  hint: string,
  parse: (value: string | number) => number | undefined,
  json: { [key: string]: string | number },
) {
  const message = isNot(what, hint);
  return v.pipe(
    v.union([v.string(), v.number()], message),
    v.metadata({ json: { type: ["string", "number"], ...json } }),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const parsed = parse(dataset.value);
      if (parsed !== undefined) return parsed;
      addIssue({ message });
      return NEVER;
    }),
  );
}

function choice<const Words extends readonly string[]>(words: Words) {
  const all = words.join(", ");
  return v.picklist(words, ({ input }) => {
    const suggestion = typeof input === "string" ? didYouMean(input, words) : "";
    return `is not one of ${all}\n${suggestion}Write one of: ${all}.`;
  });
}

const LIST = isNot("a list", "Write a list: [a, b], or one item per line, each after a dash.");

function list<Item extends v.GenericSchema>(item: Item) {
  const empty = "the list is empty\nAdd an item, or remove the key.";
  return v.pipe(v.array(item, LIST), v.minLength(1, empty));
}

function unique<Item extends v.GenericSchema>(item: Item) {
  const check = v.rawCheck<v.InferOutput<Item>[]>(({ dataset, addIssue }) => {
    const distinct = new Set();
    if (!dataset.typed) return;
    for (const [key, value] of dataset.value.entries()) {
      if (distinct.has(value)) {
        const input = dataset.value;
        const path = [{ type: "array", origin: "value", input, key, value }] as const;
        addIssue({ message: "is listed twice\nRemove one of them.", path: [...path] });
      }
      distinct.add(value);
    }
  });
  return v.pipe(v.array(item, LIST), check, v.metadata({ uniqueItems: true }));
}

// deno-lint-ignore no-explicit-any -- the next schema in the pipe checks its members
const mapping = (message: string) => v.custom<any>(isJsonObject, message);

function record<Item extends v.GenericSchema>(
  item: Item,
  { what, hint, key }: { what: string; hint: string; key?: RegExp },
) {
  const name = key === undefined ? v.string() : v.pipe(
    v.string(),
    v.regex(key, ({ input }) => `${quoted(input)} is not a valid name\n${hint}`),
  );
  return v.pipe(mapping(isNot(what, hint)), v.record(name, item));
}

/** An object with known keys. `examples` shows the required ones. */
function object<const Entries extends v.ObjectEntries>(
  what: string,
  entries: Entries,
  examples: { [Key in keyof Entries]?: string } = {},
) {
  const names = Object.keys(entries);
  const first = `${names.slice(0, 4).join(", ")}${names.length > 4 ? " …" : ""}`;
  const message: v.ErrorMessage<v.StrictObjectIssue> = ({ input, expected }) => {
    if (expected !== "never") {
      const name = JSON.parse(expected!) as keyof Entries & string;
      return `${what} has no ${name}\nAdd it: ${examples[name]}`;
    }
    const hint = `${didYouMean(String(input), names)}Use one of ${names.join(", ")}.`;
    return `unknown key ${quoted(input)} in ${what}\n${hint}`;
  };
  return v.pipe(
    mapping(isNot(what, `Write its keys below it: ${first}.`)),
    v.strictObject(entries, message),
  );
}

const quoted = (value: unknown) => JSON.stringify(value);

/** An optional key; `about` is for editors. */
function key<Schema extends v.GenericSchema>(about: string, schema: Schema) {
  return v.optional(needed(about, schema));
}

function needed<Schema extends v.GenericSchema>(about: string, schema: Schema) {
  return v.pipe(schema, v.description(about));
}

const id = text(
  "an id",
  "Use letters, digits, _, - and dots, at most 100, beginning with a letter, a digit or _.",
  ID_PATTERN,
);
const version = text(
  "a version",
  'Write a string, in quotes if it looks like a number: "v1.0".',
  VERSION_PATTERN,
);
const path = text(
  "a path",
  "Write a path relative to the folder of the configuration, with slashes.",
);
const size = quantity("a size", "Write a number and a unit: 512Mi, 4Gi, 2G.", parseSize, {
  minimum: 0,
  pattern: "^\\d+(\\.\\d+)?\\s?([kKMGT]i?)?$",
});
const cores = quantity(
  "a number of cores",
  "Write cores or thousandths of one: 2, 0.5, 500m.",
  parseCores,
  { minimum: 0, maximum: 1_000_000, pattern: "^\\d+(\\.\\d+)?m?$" },
);
const time = quantity(
  "a time of at most 24 days",
  "Write a number and a unit: 90s, 30m, 2h; a number alone is seconds.",
  (value) => parseTime(value) || undefined,
  { exclusiveMinimum: 0, pattern: "^\\d+(\\.\\d+)?\\s?(ms|[smhd])?$" },
);
const scalar = [v.string(), v.number(), v.boolean()] as const;

const resources = {
  cpu_request: key("Requested cores: 2, 0.5, 500m.", cores),
  cpu_limit: key("Maximum number of cores.", cores),
  memory_request: key("Requested memory: 512Mi, 4Gi.", size),
  memory_limit: key("Memory limit; exceeding it ends a step with code 4.", size),
  gpu_request: key("Requested GPUs.", whole(0, 1_000)),
  gpu_limit: key("Maximum number of GPUs.", whole(0, 1_000)),
};
const stepResources = {
  ...resources,
  disk_request: key("Disk space that must be free when it starts: 10Gi.", size),
  disk_limit: key("Limit of its workspace and output; exceeding it ends it with code 4.", size),
};

const environment = object("env_config", {
  kind: needed(
    "Tool of the environment of commands. It is activated, and not installed.",
    choice(["plain", "uv"]),
  ),
  name: key(
    "Folder of the project, or of a virtual environment. Default: that of the pipeline.",
    text("a name", "Write a string."),
  ),
}, { kind: "kind: uv" });

const word = v.pipe(
  v.union(scalar, isNot("a word of a command", "Write a string; quote an empty one.")),
  v.transform(String),
);
const variable = text("the name of a variable", "Write { from_env: NAME }.", VARIABLE);
const NUL = "the value has a NUL character\nRemove it: variables cannot contain it.";
const variableValue = v.union([
  v.pipe(v.union(scalar), v.transform(String), v.check((value) => !value.includes("\0"), NUL)),
  object("the value", {
    from_env: needed("Variable that has the secret when the step starts.", variable),
  }, { from_env: "from_env: NAME" }),
], isNot("the value of a variable", "Write a string, or { from_env: NAME } for a secret."));

const retries = v.union(
  [
    whole(0, 99),
    object("retries", {
      attempts: key("Number of attempts, including the first. Default: 1.", whole(1, 100)),
      backoff: key("Wait before the second attempt, doubled from then on. Default: 1s.", time),
      exit_codes: key(
        "Exit codes that are retried. Default: 3, 4, 5, and any exit code of a command.",
        v.pipe(unique(whole(1, 5)), v.minLength(1, "the list is empty\nAdd an exit code.")),
      ),
    }),
  ],
  isNot(
    "an integer from 0 to 99",
    "Write an integer from 0 to 99, or attempts, backoff and exit_codes.",
  ),
);

export const NODE = object("the node", {
  node_id: needed("Unique id of the node.", id),
  operator_ids: key("Operators that run on it. One node may omit it to take the rest.", unique(id)),
  runner_count: key("Operators at once, at most. Default: 1.", whole(1, 100_000)),
  resource: key(
    "Resources that its operators share while they run.",
    object("resource", resources),
  ),
}, { node_id: "node_id: my_node" });

const INPUT_HINT = "Write registry:NAME@VERSION, step:ID, step:ID.OUTPUT, s3://… or a path.";
const OUTPUT_HINT =
  'Write { "model.json": registry:NAME }, or "." for all of OUTPUT_ROOT; or s3://… and paths.';
const PARAMS = isNot("a mapping of parameters", "Write names and values: { lr: 0.1 }.");

const METRICS_HINT =
  'Write the path of a file below OUTPUT_ROOT, or a list: [metrics.json, "*.jsonl"].';
const METRICS = isNot("the path of a file of metrics", METRICS_HINT);
const NO_METRICS = "the list is empty\nAdd a file, or remove the key.";
const metricsFile = text("the path of a file of metrics", METRICS_HINT);

export const OPERATOR = object("the operator", {
  operator_id: needed("Unique id of the step.", id),
  operator: key(
    "Key of the registered operator. Default: operator_id.",
    text("the name of an operator", "Write the key that it is registered with."),
  ),
  version: key(
    "Version of this configuration; a new version runs the step again. Default: v1.0.",
    version,
  ),
  params: key(
    "Parameters of the operator. A secret is { from_env: NAME }.",
    v.pipe(mapping(PARAMS), v.metadata({ type: "object" })),
  ),
  inputs: key(
    "Inputs by name: registry:data:raw@^1, step:clean, step:clean.report, s3://…, or a path.",
    record(text("a location", INPUT_HINT), {
      what: "a mapping of inputs",
      key: /^[\w][\w.-]*$/,
      hint: `${INPUT_HINT} Names have letters, digits, _, - and dots.`,
    }),
  ),
  outputs: key(
    "Destination of each output. The key is a path below OUTPUT_ROOT, or . for all of it; the " +
      "value is registry:data:clean, s3://…, or a path.",
    record(text("a location", OUTPUT_HINT), { what: "a mapping of outputs", hint: OUTPUT_HINT }),
  ),
  metrics: key(
    "Files below OUTPUT_ROOT whose values become metadata of the outputs: metrics.json, *.jsonl.",
    v.union([metricsFile, v.pipe(unique(metricsFile), v.minLength(1, NO_METRICS))], METRICS),
  ),
  upstream_dependencies: key(
    "Operators that must succeed first. Those in inputs are added.",
    unique(id),
  ),
  env_config: key("Environment of its command. Default: the pipeline's.", environment),
  start_command: key(
    "Command that replaces the operator's, without a shell: a list of words.",
    list(word),
  ),
  script: key(
    "Commands of a shell, run by sh -e -c instead of a start_command; a failure before a pipe ends " +
      "them too. ${NAME} is a variable of the shell: references are not replaced.",
    text("a script", "Write the commands below it: script: |"),
  ),
  timeout: key("Time limit: 90s, 30m, 2h, or seconds.", time),
  extra_env_vars: key(
    "Variables added to those of the runner. A secret is { from_env: NAME }.",
    record(variableValue, {
      what: "a mapping of variables",
      key: VARIABLE,
      hint: "Use letters, digits and _, not beginning with a digit.",
    }),
  ),
  retries: key("Number of retries, or attempts, backoff and exit_codes.", retries),
  git_repo: key(
    "Repository of its code: recorded, never cloned.",
    text("a repository", "Write its URL or path."),
  ),
  git_tag: key("Tag of its code: recorded.", text("a tag", "Write a string.")),
  shards: key("Number of processes that share it. Default: 1.", whole(1, 100_000)),
  rerun: key(
    "Changes that make it run again. Default: all of them.",
    unique(choice(["inputs", "params", "code"])),
  ),
  resource: key("Requested resources and limits.", object("resource", stepResources)),
  run_as: key(
    "Kind of execution. Default: command with a start_command, else thread.",
    choice(["thread", "command"]),
  ),
}, { operator_id: "operator_id: clean" });

/** The section `pipeline`, with `refs` resolved. */
export const PIPELINE = object("the pipeline", {
  pipeline_id: key(
    "Prefix of its records and outputs in the registry. Default: the name of its folder or file.",
    id,
  ),
  operators: needed(
    "Steps: a list of operators, or { refs: [id:version, …] } for files in operators/.",
    list(OPERATOR),
  ),
  nodes: key(
    "Nodes: a list, or { refs: [id:version, …] } for files in nodes/. Default: this machine.",
    list(NODE),
  ),
  work_dir: key("Folder of runs in progress. Default: .holdfast-runs", path),
  log_config: key(
    "Logging.",
    object("log_config", {
      level: key("Lowest logged level. Default: info.", choice(["debug", "info", "warn", "error"])),
      file: key("File that also receives all lines.", path),
    }),
  ),
  env_config: key("Default environment of commands.", environment),
  operators_module: key(
    "Module that exports `operators`, from createOperators().",
    text("a path", "Write a path like ./operators.ts.", /^(?![A-Za-z]+:).*\.[cmCM]?[jtJT][sS]$/),
  ),
}, { operators: "operators: { refs: [my_operator:v1.0] }" });

export const PIPELINE_KEYS: readonly string[] = Object.keys(PIPELINE.pipe[1].entries);
export const FILE_KEYS: readonly string[] = ["pipeline", "variables", "include"];

/** The valid part of a configuration. */
export type ReadPipeline = Partial<v.InferOutput<typeof PIPELINE>>;
export type ReadOperator = Partial<v.InferOutput<typeof OPERATOR>>;
export type ReadNode = Partial<v.InferOutput<typeof NODE>>;
