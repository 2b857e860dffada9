// What may stand in a configuration, as schemas of valibot: files are checked by them, and the JSON
// Schemas in docs/ are made of them. A message has two lines: what is wrong, and how to write it.
// One that begins with "is" is put after a description of the value.
import * as v from "npm:valibot@^1.5";
import { didYouMean } from "../../core/text/nearest.ts";
import { parseCores, parseSize, parseTime } from "./quantities.ts";
import { splitCommand } from "./split_command.ts";

/** What ids of pipelines, nodes and steps look like: they are names of folders, too. */
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
  const hint = `Write a whole number from ${least} to ${most}.`;
  const message = isNot(`a whole number from ${least} to ${most}`, hint);
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(least, message),
    v.maxValue(most, message),
  );
}

/** A number, alone or with a unit. `json` is what editors check. */
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
    const meant = typeof input === "string" ? didYouMean(input, words) : "";
    return `is none of ${all}\n${meant}Write one of: ${all}.`;
  });
}

const LIST = isNot("a list", "Write a list: [a, b], or one line each that begins with a dash.");

function list<Item extends v.GenericSchema>(item: Item) {
  const empty = "the list is empty\nWrite at least one, or leave the key out.";
  return v.pipe(v.array(item, LIST), v.minLength(1, empty));
}

function unique<Item extends v.GenericSchema>(item: Item) {
  const check = v.rawCheck<v.InferOutput<Item>[]>(({ dataset, addIssue }) => {
    const seen = new Set();
    if (!dataset.typed) return;
    for (const [key, value] of dataset.value.entries()) {
      if (seen.has(value)) {
        const path = [{
          type: "array",
          origin: "value",
          input: dataset.value,
          key,
          value,
        }] as const;
        addIssue({ message: "is there twice\nRemove one of them.", path: [...path] });
      }
      seen.add(value);
    }
  });
  return v.pipe(v.array(item, LIST), check, v.metadata({ uniqueItems: true }));
}

// deno-lint-ignore no-explicit-any -- what follows in the pipe looks at its members
const mapping = (message: string) => v.custom<any>(isMapping, message);

function isMapping(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Values by name. */
function record<Item extends v.GenericSchema>(
  item: Item,
  { what, hint, key }: { what: string; hint: string; key?: RegExp },
) {
  const name = key === undefined ? v.string() : v.pipe(
    v.string(),
    v.regex(key, ({ input }) => `${quoted(input)} cannot be a name here\n${hint}`),
  );
  return v.pipe(mapping(isNot(what, hint)), v.record(name, item));
}

/** Known keys. `examples` are of those that have to be there. */
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
    const hint = `${didYouMean(String(input), names)}There is: ${names.join(", ")}.`;
    return `unknown key ${quoted(input)} in ${what}\n${hint}`;
  };
  return v.pipe(
    mapping(isNot(what, `Write its keys below it: ${first}.`)),
    v.strictObject(entries, message),
  );
}

const quoted = (value: unknown) => JSON.stringify(value);

/** A key that may be left out; `about` is for editors. */
function key<Schema extends v.GenericSchema>(about: string, schema: Schema) {
  return v.optional(needed(about, schema));
}

function needed<Schema extends v.GenericSchema>(about: string, schema: Schema) {
  return v.pipe(schema, v.description(about));
}

const id = text(
  "an id",
  "An id has letters, digits, _, - and dots, begins with none of the last two, and has at most 100.",
  ID_PATTERN,
);
const version = text(
  "a version",
  'Write it as text, in quotes where it is a number: "v1.0".',
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
  "Write cores, or thousandths of one: 2, 0.5, 500m.",
  parseCores,
  { minimum: 0, maximum: 1_000_000, pattern: "^\\d+(\\.\\d+)?m?$" },
);
const time = quantity(
  "a time of at most 24 days",
  "Write a number and a unit: 90s, 30m, 2h; a number alone is seconds.",
  (value) => parseTime(value) || undefined,
  { exclusiveMinimum: 0, pattern: "^\\d+(\\.\\d+)?\\s?(ms|[smhd])?$" },
);
const flag = v.boolean(isNot("true or false", "Write true or false, without quotes."));
const scalar = [v.string(), v.number(), v.boolean()] as const;

const resources = {
  cpu_request: key("Cores that it asks for: 2, 0.5, 500m.", cores),
  cpu_limit: key("Cores that it may take at most.", cores),
  memory_request: key("Memory that it asks for: 512Mi, 4Gi.", size),
  memory_limit: key("Memory that it may take at most; more ends a step with code 4.", size),
  gpu_request: key("Graphics processors that it asks for.", whole(0, 1_000)),
  gpu_limit: key("Graphics processors that it may take at most.", whole(0, 1_000)),
};
const stepResources = {
  ...resources,
  disk_request: key(
    "Room that is to be free on the disk of the run before it begins: 10Gi.",
    size,
  ),
  disk_limit: key(
    "Room that its workspace and output may take; more ends the step with code 4.",
    size,
  ),
};

const environment = object("env_config", {
  kind: needed(
    "What made the environment that commands run in: it is activated, never installed unless install says so.",
    choice(["plain", "uv", "pixi", "conda"]),
  ),
  name: key(
    "The project's folder (uv, pixi), the environment (conda).",
    text("a name", "Write a text."),
  ),
  install: key("Whether it may be made or brought up to date first. Default: false.", flag),
}, { kind: "kind: uv" });

const word = v.pipe(
  v.union(scalar, isNot("a word of a command", "Write a text; an empty one in quotes.")),
  v.transform(String),
);
const command = v.union([
  v.pipe(
    v.string(),
    v.metadata({ minLength: 1 }),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const split = splitCommand(dataset.value);
      if ("words" in split) return split.words;
      addIssue({ message: `${split.problem}\n${split.hint}` });
      return NEVER;
    }),
  ),
  list(word),
], isNot("a command", 'Write a list of words: ["python", "clean.py"].'));

const variable = text("the name of a variable", "Write { from_env: NAME }.", VARIABLE);
const NUL = "the value has a NUL character\nNo variable can hold one: remove it.";
const variableValue = v.union([
  v.pipe(v.union(scalar), v.transform(String), v.check((value) => !value.includes("\0"), NUL)),
  object("the value", {
    from_env: needed("The variable that has the secret when the step starts.", variable),
  }, { from_env: "from_env: NAME" }),
], isNot("the value of a variable", "Write a text, or { from_env: NAME } for a secret."));

const retries = v.union(
  [
    whole(0, 99),
    object("retries", {
      attempts: key("How often it is tried, the first time included. Default: 1.", whole(1, 100)),
      backoff: key(
        "What is waited before the second time, doubled from then on. Default: 1s.",
        time,
      ),
      exit_codes: key(
        "Exit codes after which it is tried again. Default: 3, 4, 5.",
        v.pipe(unique(whole(1, 5)), v.minLength(1, "the list is empty\nWrite at least one.")),
      ),
    }),
  ],
  isNot(
    "a whole number from 0 to 99",
    "Write a whole number from 0 to 99, or attempts, backoff and exit_codes.",
  ),
);

/** A node. */
export const NODE = object("the node", {
  node_id: needed("Names it.", id),
  operator_ids: key(
    "The operators that run on it. The one node without takes all that are on no other.",
    unique(id),
  ),
  runner_count: key("How many of its operators run at once. Default: 1.", whole(1, 100_000)),
  resource: key(
    "What its operators may take, all that run at once together.",
    object("resource", resources),
  ),
}, { node_id: "node_id: my_node" });

const INPUT_HINT = "Write registry:NAME@VERSION, step:ID, step:ID.OUTPUT, s3://… or a path.";
const OUTPUT_HINT =
  'Write { "model.json": registry:NAME }, or "." for all of OUTPUT_ROOT; s3://… and paths do as well.';
const PARAMS = isNot("a mapping of parameters", "Write names with values: { lr: 0.1 }.");

/** An operator. */
export const OPERATOR = object("the operator", {
  operator_id: needed("Names the step.", id),
  operator: key(
    "The operator as it is registered in code. Default: operator_id.",
    text("the name of an operator", "Write the name that it is registered by."),
  ),
  version: key(
    "Version of this configuration; another one runs the step again. Default: v1.0.",
    version,
  ),
  params: key(
    "What the operator is given. A secret is { from_env: NAME } or base64://….",
    v.pipe(mapping(PARAMS), v.metadata({ type: "object" })),
  ),
  inputs: key(
    "What it reads, by name: registry:data:raw@^1, step:clean, step:clean.report, s3://…, or a path.",
    record(text("a place", INPUT_HINT), {
      what: "a mapping of inputs",
      key: /^[\w][\w.-]*$/,
      hint: `${INPUT_HINT} Names have letters, digits, _, - and dots.`,
    }),
  ),
  outputs: key(
    "Where each output goes. The key is a path below OUTPUT_ROOT, or . for all of it; the value is " +
      "registry:data:clean, s3://…, or a path.",
    record(text("a place", OUTPUT_HINT), { what: "a mapping of outputs", hint: OUTPUT_HINT }),
  ),
  upstream_dependencies: key(
    "Operators that must have ended well before. Those that inputs name are added.",
    unique(id),
  ),
  env_config: key(
    "The environment that its command runs in. Default: the pipeline's.",
    environment,
  ),
  start_command: key(
    "The command in place of the operator's, without a shell: a list of words, or a text that is split at spaces.",
    command,
  ),
  timeout: key("It is ended after this: 90s, 30m, 2h, or seconds.", time),
  extra_env_vars: key(
    "Variables besides those of the runner. A secret is { from_env: NAME } or base64://….",
    record(variableValue, {
      what: "a mapping of variables",
      key: VARIABLE,
      hint: "Names of variables have letters, digits and _, and begin with no digit.",
    }),
  ),
  retries: key("How often it is tried again, or attempts, backoff and exit_codes.", retries),
  git_repo: key(
    "Where its code is: recorded, never cloned.",
    text("a repository", "Write its URL or path."),
  ),
  git_tag: key("The tag of its code: recorded.", text("a tag", "Write a text.")),
  shards: key("How many processes share it. Default: 1.", whole(1, 100_000)),
  rerun: key(
    "What makes it run again. Default: all of them.",
    unique(choice(["inputs", "params", "code"])),
  ),
  resource: key("What it asks for and may take at most.", object("resource", stepResources)),
  run_as: key(
    "Where it runs. Default: command with a start_command, else thread.",
    choice(["thread", "worker", "command"]),
  ),
}, { operator_id: "operator_id: clean" });

/** The section `pipeline`, with the definitions that `refs` name in their place. */
export const PIPELINE = object("the pipeline", {
  pipeline_id: key(
    "Names it; what it leaves in the registry begins with it. Default: the name of its folder or file.",
    id,
  ),
  operators: needed(
    "What it does: a list of operators, or { refs: [id:version, …] } for files in operators/.",
    list(OPERATOR),
  ),
  nodes: key(
    "Where it does so: a list of nodes, or { refs: [id:version, …] } for files in nodes/. Default: this machine.",
    list(NODE),
  ),
  work_dir: key("Folder of runs in progress. Default: .holdfast-runs", path),
  log_config: key(
    "What is logged.",
    object("log_config", {
      level: key(
        "The least that is told. Default: info.",
        choice(["debug", "info", "warn", "error"]),
      ),
      file: key("A file that gets all lines too.", path),
    }),
  ),
  env_config: key("The environment of commands where an operator names none.", environment),
  operators_module: key(
    "A module that exports `operators`, made by createOperators().",
    text(
      "a path",
      "Write a path like ./operators.ts.",
      /^(?![A-Za-z]+:).*\.[cmCM]?[jtJT][sS]$/,
    ),
  ),
}, { operators: "operators: { refs: [my_operator:v1.0] }" });

/** Keys of the section `pipeline`. */
export const PIPELINE_KEYS: readonly string[] = Object.keys(PIPELINE.pipe[1].entries);
/** Keys of a file. */
export const FILE_KEYS: readonly string[] = ["pipeline", "variables", "include"];

/** What is left of a configuration without what is wrong in it. */
export type ReadPipeline = Partial<v.InferOutput<typeof PIPELINE>>;
/** The same of an operator. */
export type ReadOperator = Partial<v.InferOutput<typeof OPERATOR>>;
/** The same of a node. */
export type ReadNode = Partial<v.InferOutput<typeof NODE>>;
