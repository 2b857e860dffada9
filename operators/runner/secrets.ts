// Secrets of configurations, which only operators receive.
import { DRIVERS } from "../../backends/drivers.ts";
import type { PlainValue } from "../../materializers/mod.ts";
import type { System } from "../../mod.ts";
import { invalid, isJsonObject, realSystem, shown } from "../../core/kernel.ts";
import type { Pipeline } from "../contract/pipeline.ts";
import { ENGINE_VARIABLE, OWN_SECRETS } from "../process/step_variables.ts";
import { takeVariables } from "../process/variables.ts";
import { createMask } from "../process/secret_forms.ts";

export function reveal<T extends PlainValue>(value: T, system: System): T {
  return mapped(value, (name) => valueOf(name, system)) as T;
}

export interface PipelineSecrets {
  /** Variables that only steps with `from_env` get. */
  readonly variables: ReadonlySet<string>;
  /** Values that no log may contain. */
  readonly values: readonly string[];
  mask(text: string): string;
}

/** Finds the secrets of steps, the registry's token, and the engine's password. */
export function findSecrets(pipeline: Pipeline, system: System): PipelineSecrets {
  const values: string[] = [];
  const variables = secretVariables(pipeline);
  for (const name of variables) {
    const value = system.env(name);
    if (value === undefined) continue;
    if (name !== ENGINE_VARIABLE) values.push(value);
    else if (URL.canParse(value)) values.push(...passwordsOf(new URL(value)));
  }
  return { variables, values, mask: createMask(values) };
}

/** Prefixes of variables that vendors' libraries read when they connect to a store. */
const OF_LIBRARIES = DRIVERS.flatMap(({ variables = [] }) => variables);

/**
 * Removes the secrets of a pipeline from the environment of this process, where steps with
 * `run_as: thread` could read them. Call it after opening the registry, and pass the
 * returned system, which has the values, to `runPipeline`. Keeps variables that begin with `AWS_`
 * or `GOOGLE_`.
 */
export function takeSecrets(pipeline: Pipeline, system: System = realSystem): System {
  const isOfLibrary = (name: string) => OF_LIBRARIES.some((prefix) => name.startsWith(prefix));
  const names = [...secretVariables(pipeline)].filter((name) => !isOfLibrary(name));
  return takeVariables(system, names);
}

/** Returns the names of secret variables: those of any `from_env`, and those of Holdfast. */
function secretVariables(pipeline: Pipeline): Set<string> {
  const variables = new Set(OWN_SECRETS);
  for (const { params, env } of pipeline.steps) {
    mapped([params, env], (name) => {
      variables.add(name);
      return name;
    });
  }
  return variables;
}

function passwordsOf({ password, searchParams }: URL): string[] {
  const inUrl = password === "" ? [] : [password, decoded(password)];
  return [...inUrl, ...searchParams.getAll("password")];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // contains an unencoded %
  }
}

/** Replaces each `{ from_env: NAME }`. */
function mapped(value: PlainValue, replace: (variable: string) => string): PlainValue {
  if (Array.isArray(value)) return value.map((member) => mapped(member, replace));
  if (!isJsonObject(value)) return value;
  const { from_env: variable } = value;
  if (typeof variable === "string" && Object.keys(value).length === 1) return replace(variable);
  const entries = Object.entries(value as Record<string, PlainValue>);
  return Object.fromEntries(entries.map(([key, item]) => [key, mapped(item, replace)]));
}

function valueOf(name: string, system: System): string {
  const value = system.env(name);
  if (value !== undefined) return value;
  const action = "read a secret of the configuration";
  const state = `environment variable ${shown(name)} is not set`;
  throw invalid(action, undefined, state, { hint: `Set it where the step runs: export ${name}=…` });
}
