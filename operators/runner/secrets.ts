// Secrets in configurations: revealed for the operator alone, and nowhere else.
import { DRIVERS } from "../../backends/drivers.ts";
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Pipeline } from "../contract/pipeline.ts";
import { realSystem, type System, takeVariables } from "../../core/system.ts";
import { isJsonObject } from "../../core/text/json_text.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";
import { decodeSecret, SECRET_PREFIX } from "../config/secret_texts.ts";
import { ENGINE_VARIABLE, OWN_SECRETS } from "../process/step_variables.ts";
import { secretForms } from "../process/log_lines.ts";

const MASK = "***";

/** Plain data without the values of secrets: what is encoded is masked, what is named stays a name. */
export function withoutSecrets<T extends PlainValue>(value: T): T {
  return mapped(value, () => MASK, (name) => ({ from_env: name })) as T;
}

/** Plain data with the values of secrets, and these in a list, to be masked wherever they appear. */
export function reveal<T extends PlainValue>(
  value: T,
  system: System,
): { value: T; secrets: string[] } {
  const secrets: string[] = [];
  const keep = (secret: string) => {
    secrets.push(secret);
    return secret;
  };
  const revealed = mapped(
    value,
    (text) => keep(decode(text)),
    (name) => keep(fromEnvironment(name, system)),
  );
  return { value: revealed as T, secrets };
}

/** The secrets of a pipeline on this machine. */
export interface PipelineSecrets {
  /** Variables that a step gets only if it asks for them. */
  readonly variables: ReadonlySet<string>;
  /** Values that no log may show. */
  readonly values: readonly string[];
  mask(text: string): string;
}

/** Finds the secrets of a pipeline: those of its steps, the registry's token, and the engine's password. */
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

/** Prefixes of variables that vendors' libraries read in this process when they connect to a store. */
const OF_LIBRARIES = DRIVERS.flatMap(({ variables = [] }) => variables);

/**
 * Removes the secrets of a pipeline from the environment of this process, where steps with `run_as: thread` or `worker`
 * could read them. Call it after opening the registry, and pass the returned system, which still has the values, to
 * `runPipeline`. Variables that begin with `AWS_` or `GOOGLE_` stay.
 */
export function takeSecrets(pipeline: Pipeline, system: System = realSystem): System {
  return takeVariables(
    system,
    [...secretVariables(pipeline)].filter((name) =>
      !OF_LIBRARIES.some((prefix) => name.startsWith(prefix))
    ),
  );
}

/** Names of the variables that are secrets: those of any `from_env` in a pipeline, and those of Holdfast itself. */
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
    return text; // somebody wrote a % as it is
  }
}

/** What masks secrets in texts. */
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
  return Object.fromEntries(
    Object.entries(value).map((
      [key, member],
    ) => [key, mapped(member as PlainValue, encoded, named)]),
  );
}

function decode(text: string): string {
  const secret = decodeSecret(text);
  if (secret !== undefined) return secret;
  throw fault({
    code: "Invalid",
    action: "read a secret of the configuration",
    state: "what follows base64:// is no base64 of a text",
    hint: "Write it anew: base64:// and the text in base64. Better: { from_env: NAME }",
  });
}

function fromEnvironment(name: string, system: System): string {
  const value = system.env(name);
  if (value !== undefined) return value;
  throw fault({
    code: "Invalid",
    action: "read a secret of the configuration",
    state: `there is no environment variable ${shown(name)}`,
    hint: `Set it where the step is run: export ${name}=…`,
  });
}
