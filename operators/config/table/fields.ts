// What may stand in a configuration: the one table that is checked against, and that the JSON
// Schema is made of.
import type {
  EnvironmentConfig,
  LogConfig,
  RerunCause,
  RunAs,
} from "../../../core/pipelines/pipeline.ts";
import type { NodeDefinition, OperatorDefinition, PipelineDefinition } from "../definition.ts";
import { parseCores, parseSize, parseTime } from "./quantities.ts";
import { anything, choice, flag, list, object, record, text, value, whole } from "./readers.ts";
import type { Field, Reader } from "./readers.ts";
import { commandLine, environmentValue, retries } from "./special_readers.ts";

/** What ids of pipelines, nodes and steps look like: they are names of folders, too. */
export const ID_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;
const ID_HINT =
  "An id has letters, digits, _, - and dots, begins with none of the last two, and has at most 100.";
export const VERSION_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.+-]{0,49}$/;

const id = (what: string) => text(what, ID_HINT, ID_PATTERN);
const version = text(
  "a version",
  'Write it as text, in quotes where it is a number: "v1.0".',
  VERSION_PATTERN,
);
const path = text(
  "a path",
  "Write a path relative to the folder of the configuration, with slashes.",
);

const INPUT_HINT = "Write registry:NAME@VERSION, step:ID, step:ID.OUTPUT, s3://… or a path.";
const OUTPUT_HINT =
  'Write { "model.json": registry:NAME }, or "." for all of OUTPUT_ROOT; s3://… and paths do as well.';

const size = value({
  what: "a size",
  hint: "Write a number and a unit: 512Mi, 4Gi, 2G.",
  schema: { type: ["string", "number"], minimum: 0, pattern: "^\\d+(\\.\\d+)?\\s?([kKMGT]i?)?$" },
  parse: (found) =>
    typeof found === "string" || typeof found === "number" ? parseSize(found) : undefined,
});
const cores = value({
  what: "a number of cores",
  hint: "Write cores, or thousandths of one: 2, 0.5, 500m.",
  schema: {
    type: ["string", "number"],
    minimum: 0,
    maximum: 1_000_000,
    pattern: "^\\d+(\\.\\d+)?m?$",
  },
  parse: (found) =>
    typeof found === "string" || typeof found === "number" ? parseCores(found) : undefined,
});
const time = value({
  what: "a time of at most 24 days",
  hint: "Write a number and a unit: 90s, 30m, 2h; a number alone is seconds.",
  schema: {
    type: ["string", "number"],
    exclusiveMinimum: 0,
    pattern: "^\\d+(\\.\\d+)?\\s?(ms|[smhd])?$",
  },
  parse(found) {
    const ms = typeof found === "string" || typeof found === "number"
      ? parseTime(found)
      : undefined;
    return ms === 0 ? undefined : ms;
  },
});

const shared = {
  cpu_request: { reader: cores, about: "Cores that it asks for: 2, 0.5, 500m." },
  cpu_limit: { reader: cores, about: "Cores that it may take at most." },
  memory_request: { reader: size, about: "Memory that it asks for: 512Mi, 4Gi." },
  memory_limit: {
    reader: size,
    about: "Memory that it may take at most; more ends a step with code 4.",
  },
  gpu_request: { reader: whole(0, 1_000), about: "Graphics processors that it asks for." },
  gpu_limit: { reader: whole(0, 1_000), about: "Graphics processors that it may take at most." },
};
const resource = object("resource", shared);
const stepResource = object("resource", {
  ...shared,
  disk_request: {
    reader: size,
    about: "Room that is to be free on the disk of the run before it begins: 10Gi.",
  },
  disk_limit: {
    reader: size,
    about: "Room that its workspace and output may take; more ends the step with code 4.",
  },
});

const environment = object("env_config", {
  kind: {
    reader: choice<EnvironmentConfig["kind"]>(["plain", "uv", "pixi", "conda"]),
    about:
      "What made the environment that commands run in: it is activated, never installed unless install says so.",
    required: true,
    example: "kind: uv",
  },
  name: {
    reader: text("a name", "Write a text."),
    about: "The project's folder (uv, pixi), the environment (conda).",
  },
  install: {
    reader: flag,
    about: "Whether it may be made or brought up to date first. Default: false.",
  },
});

const log = object("log_config", {
  level: {
    reader: choice<LogConfig["level"]>(["debug", "info", "warn", "error"]),
    about: "The least that is told. Default: info.",
  },
  file: { reader: path, about: "A file that gets all lines too." },
});

export const NODE_FIELDS = {
  node_id: { reader: id("an id"), about: "Names it.", required: true, example: "node_id: my_node" },
  operator_ids: {
    reader: list(id("an id"), { unique: true }),
    about: "The operators that run on it. The one node without takes all that are on no other.",
  },
  runner_count: {
    reader: whole(1, 100_000),
    about: "How many of its operators run at once. Default: 1.",
  },
  resource: {
    reader: resource,
    about: "What its operators may take, all that run at once together.",
  },
} satisfies Record<keyof NodeDefinition, Field>;

export const OPERATOR_FIELDS = {
  operator_id: {
    reader: id("an id"),
    about: "Names the step.",
    required: true,
    example: "operator_id: clean",
  },
  operator: {
    reader: text("the name of an operator", "Write the name that it is registered by."),
    about: "The operator as it is registered in code. Default: operator_id.",
  },
  version: {
    reader: version,
    about: "Version of this configuration; another one runs the step again. Default: v1.0.",
  },
  params: {
    reader: record(anything, {
      what: "a mapping of parameters",
      hint: "Write names with values: { lr: 0.1 }.",
    }),
    about: "What the operator is given. A secret is { from_env: NAME } or base64://….",
  },
  inputs: {
    reader: record(text("a place", INPUT_HINT), {
      what: "a mapping of inputs",
      key: /^[\w][\w.-]*$/,
      hint: `${INPUT_HINT} Names have letters, digits, _, - and dots.`,
    }),
    about:
      "What it reads, by name: registry:data:raw@^1, step:clean, step:clean.report, s3://…, or a path.",
  },
  outputs: {
    reader: record(text("a place", OUTPUT_HINT), {
      what: "a mapping of outputs",
      hint: OUTPUT_HINT,
    }),
    about:
      "Where each output goes. The key is a path below OUTPUT_ROOT, or . for all of it; the value is " +
      "registry:data:clean, s3://…, or a path.",
  },
  upstream_dependencies: {
    reader: list(id("an id"), { unique: true }),
    about: "Operators that must have ended well before. Those that inputs name are added.",
  },
  env_config: {
    reader: environment,
    about: "The environment that its command runs in. Default: the pipeline's.",
  },
  start_command: {
    reader: commandLine,
    about:
      "The command in place of the operator's, without a shell: a list of words, or a text that is split at spaces.",
  },
  timeout: { reader: time, about: "It is ended after this: 90s, 30m, 2h, or seconds." },
  extra_env_vars: {
    reader: record(environmentValue, {
      what: "a mapping of variables",
      key: /^[A-Za-z_][A-Za-z0-9_]*$/,
      hint: "Names of variables have letters, digits and _, and begin with no digit.",
    }),
    about: "Variables besides those of the runner. A secret is { from_env: NAME } or base64://….",
  },
  retries: {
    reader: retries(time),
    about: "How often it is tried again, or attempts, backoff and exit_codes.",
  },
  git_repo: {
    reader: text("a repository", "Write its URL or path."),
    about: "Where its code is: recorded, never cloned.",
  },
  git_tag: { reader: text("a tag", "Write a text."), about: "The tag of its code: recorded." },
  shards: { reader: whole(1, 100_000), about: "How many processes share it. Default: 1." },
  rerun: {
    reader: list(choice<RerunCause>(["inputs", "params", "code"]), { unique: true }),
    about: "What makes it run again. Default: all of them.",
  },
  resource: { reader: stepResource, about: "What it asks for and may take at most." },
  run_as: {
    reader: choice<RunAs>(["thread", "worker", "command"]),
    about: "Where it runs. Default: command with a start_command, else thread.",
  },
} satisfies Record<keyof OperatorDefinition, Field>;

export const node = object("the node", NODE_FIELDS);
export const operator = object("the operator", OPERATOR_FIELDS);

const definitions = <T>(item: Reader<T>) => list(item, { least: 1 });

export const PIPELINE_FIELDS = {
  pipeline_id: {
    reader: id("an id"),
    about:
      "Names it; what it leaves in the registry begins with it. Default: the name of its folder or file.",
  },
  operators: {
    reader: definitions(operator),
    about:
      "What it does: a list of operators, or { refs: [id:version, …] } for files in operators/.",
    required: true,
    example: "operators: { refs: [my_operator:v1.0] }",
  },
  nodes: {
    reader: definitions(node),
    about:
      "Where it does so: a list of nodes, or { refs: [id:version, …] } for files in nodes/. Default: this machine.",
  },
  work_dir: { reader: path, about: "Folder of runs in progress. Default: .holdfast-runs" },
  log_config: { reader: log, about: "What is logged." },
  env_config: {
    reader: environment,
    about: "The environment of commands where an operator names none.",
  },
  operators_module: {
    reader: text(
      "a path",
      "Write a path like ./operators.ts.",
      /^(?![A-Za-z]+:).*\.[cmCM]?[jtJT][sS]$/,
    ),
    about: "A module that exports `operators`, made by createOperators().",
  },
} satisfies Record<keyof PipelineDefinition, Field>;

/** The section `pipeline`. */
export const pipeline = object("the pipeline", PIPELINE_FIELDS);

export const FILE_KEYS: readonly string[] = ["pipeline", "variables", "include"];
