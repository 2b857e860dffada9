// Secrets of configurations, which only operators receive.
import { DRIVERS } from "../../backends/drivers.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Pipeline } from "../contract/pipeline.ts";
import { realSystem, type System, takeVariables } from "../../core/system.ts";
import { isJsonObject } from "../../core/text/json_text.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";
import { decodeSecret, SECRET_PREFIX } from "../config/secret_texts.ts";
import { ENGINE_VARIABLE, OWN_SECRETS } from "../process/step_variables.ts";
import { secretForms } from "../process/log_lines.ts";

const MASK = "***";

/** Removes secrets from plain data: masks encoded ones, keeps the names of variables. */
export function withoutSecrets<T extends PlainValue>(value: T): T {
  return mapped(value, () => MASK, (name) => ({ from_env: name })) as T;
}

/** Inserts the values of secrets into plain data. Returns them in a list, to be masked in logs. */
export function reveal<T extends PlainValue>(
  value: T,
  system: System,
): { value: T; secrets: string[] } {
  const secrets: string[] = [];
  const keep = (secret: string) => {
    secrets.push(secret);
    return secret;
  };
  const encoded = (text: string) => keep(decode(text));
  const named = (name: string) => keep(fromEnvironment(name, system));
  return { value: mapped(value, encoded, named) as T, secrets };
}

/** The secrets of a pipeline on this machine. */
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
  const variables = secretVariables(pipeline, (encoded) => {
    const secret = decodeSecret(encoded);
    if (secret !== undefined) values.push(secret);
  });
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
 * or
 * `GOOGLE_`.
 */
export function takeSecrets(pipeline: Pipeline, system: System = realSystem): System {
  const isOfLibrary = (name: string) => OF_LIBRARIES.some((prefix) => name.startsWith(prefix));
  const names = [...secretVariables(pipeline)].filter((name) => !isOfLibrary(name));
  return takeVariables(system, names);
}

/** Returns the names of secret variables: those of any `from_env`, and those of Holdfast. */
function secretVariables(
  pipeline: Pipeline,
  onEncoded: (text: string) => void = () => {},
): Set<string> {
  const variables = new Set(OWN_SECRETS);
  for (const { params, env } of pipeline.steps) {
    for (const value of [params, env] as PlainValue[]) {
      mapped(value, (text) => {
        onEncoded(text);
        return MASK;
      }, (name) => {
        variables.add(name);
        return MASK;
      });
    }
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

/** Returns a function that masks secrets in a string. */
export function createMask(secrets: readonly string[]): (text: string) => string {
  const hidden = secretForms(secrets);
  if (hidden.length === 0) return (text) => text;
  return (text) => hidden.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
}

function mapped(
  value: PlainValue,
  encoded: (text: string) => PlainValue,
  named: (variable: string) => PlainValue,
): PlainValue {
  if (typeof value === "string") return value.startsWith(SECRET_PREFIX) ? encoded(value) : value;
  if (Array.isArray(value)) return value.map((member) => mapped(member, encoded, named));
  if (!isJsonObject(value)) return value;
  const { from_env: variable } = value;
  if (typeof variable === "string" && Object.keys(value).length === 1) return named(variable);
  const entries = Object.entries(value as Record<string, PlainValue>);
  return Object.fromEntries(entries.map(([key, item]) => [key, mapped(item, encoded, named)]));
}

function decode(text: string): string {
  const secret = decodeSecret(text);
  if (secret !== undefined) return secret;
  const state = "invalid base64 of a UTF-8 string after base64://";
  throw unreadable(state, "Encode it again, or use { from_env: NAME }.");
}

function fromEnvironment(name: string, system: System): string {
  const value = system.env(name);
  if (value !== undefined) return value;
  const state = `environment variable ${shown(name)} is not set`;
  throw unreadable(state, `Set it where the step runs: export ${name}=…`);
}

function unreadable(state: string, hint: string): RegistryError {
  const action = "read a secret of the configuration";
  return fault({ code: "Invalid", action, state, hint });
}
