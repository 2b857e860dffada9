// Ids as MLflow has them. They contain the name, so nothing has to be looked up to find a run:
//
//   name "team/digits"      <->  experiment "xteam_2fdigits"
//   run "7f3c…" of the name <->  run "7f3c…__team_2fdigits"
//
// Letters, digits and `-` stay; every other byte of UTF-8 is `_` and two hexadecimal digits, so `__`
// is in no encoding. Clients take ids of letters, digits, `_` and `-` that begin with one of the first
// two.
import { Buffer } from "node:buffer";
import { nameProblem, RegistryError } from "../../../core/kernel.ts";

/** A run: an experiment is a name. */
export interface RunKey {
  readonly name: string;
  readonly id: string;
}

/** Prefix of the ids of logged models in clients. They are runs of their own. */
export const MODEL = "m-";

export function isModel({ id }: RunKey): boolean {
  return /^m-[0-9a-f]{32}$/.test(id);
}

/** The experiment of clients that name none. */
export const DEFAULT = { id: "0", name: "Default" } as const;
const SEPARATOR = "__";
/** Characters of an id that clients take. */
const MOST_CHARACTERS = 256;

export function encodeName(text: string): string {
  return text.replace(/[^A-Za-z0-9-]/gu, (char) => {
    const hex = Buffer.from(char).toString("hex");
    return hex.replace(/../g, "_$&");
  });
}

/** Returns the text of an encoding; undefined for anything else. */
export function decodeName(encoded: string): string | undefined {
  try {
    const text = decodeURIComponent(encoded.replaceAll("_", "%"));
    return encodeName(text) === encoded && nameProblem(text) === undefined ? text : undefined;
  } catch {
    return undefined;
  }
}

export function experimentId(name: string): string {
  return name === DEFAULT.name ? DEFAULT.id : `x${encodeName(name)}`;
}

/** Returns the name of an experiment; undefined for an id of none. */
export function nameOfExperiment(id: string): string | undefined {
  const name = id === DEFAULT.id
    ? DEFAULT.name
    : id.startsWith("x")
    ? decodeName(id.slice(1))
    : undefined;
  return name !== undefined && experimentId(name) === id ? name : undefined;
}

/** Returns the name of an experiment. Throws `RESOURCE_DOES_NOT_EXIST` for an id of none. */
export function experimentName(id: string): string {
  const name = nameOfExperiment(id);
  if (name !== undefined) return name;
  throw noSuch(`No Experiment with id=${id.slice(0, MOST_CHARACTERS)} exists`);
}

export function runIdOf({ name, id }: RunKey): string {
  return `${encodeName(id)}${SEPARATOR}${encodeName(name)}`;
}

/** True for a run whose id clients take. */
export function hasRunId(run: RunKey): boolean {
  const id = runIdOf(run);
  return id.length <= MOST_CHARACTERS && /^[A-Za-z0-9]/.test(id);
}

/** Returns the run of an id. Throws `RESOURCE_DOES_NOT_EXIST` for an id of none. */
export function parseRunId(runId: string): RunKey {
  const [id, name, ...more] = runId.split(SEPARATOR).map(decodeName);
  if (id === undefined || name === undefined || more.length > 0) throw noSuchRun(runId);
  return { name, id };
}

export function noSuchRun(runId: string): Error {
  return noSuch(`Run with id=${runId.slice(0, MOST_CHARACTERS)} not found`);
}

/** Returns the error `NotFound` with a message in the words of another program. */
export function noSuch(message: string, hint?: string): RegistryError {
  return new RegistryError({ code: "NotFound", message, hint });
}

/** Returns the error `Invalid` with a message in the words of another program. */
export function wrong(message: string, hint?: string): RegistryError {
  return new RegistryError({ code: "Invalid", message, hint });
}
