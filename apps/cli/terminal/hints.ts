// Errors and hints in the words of the command line.
import { type ErrorCode, fault, hintFor, isRegistryError, retold } from "../../../core/errors.ts";
import { shellWord } from "../../../core/text/shell_word.ts";
import type { Registry, RegistryError } from "../../../mod.ts";
import { CLI_HINTS } from "./hint_words.ts";

export { shellWord };

/**
 * Creates the error `Cannot ACTION: STATE`.
 *
 * @internal
 */
type Create = (action: string, state: string, hint: string, cause?: unknown) => RegistryError;

const creates = (code: ErrorCode): Create => (action, state, hint, cause) =>
  fault({ code, action, state, hint, cause });

/** Returns the error of wrong arguments or a wrong configuration. */
export const invalid: Create = creates("Invalid");

/** Returns the error of something that does not exist. */
export const notFound: Create = creates("NotFound");

/** @internal */
type Hint = string | ((error: RegistryError) => string | Promise<string>);

/**
 * Hints of a command, by the code of the error.
 *
 * @internal
 */
export type Hints = Partial<Record<ErrorCode, Hint>>;

/** Returns the hint for a ref that does not exist: a suggestion, and the command that lists. */
export function lookUp(ref: string): Hints {
  return { NotFound: (error) => restoreHint(error) ?? lookUpHint(ref, error.suggestion) };
}

/** Returns the hint for a name or ref of which a listing is empty. */
export async function nearestHint(registry: Registry, ref: string): Promise<string> {
  const error = await registry.info(ref).catch((error) => error);
  return lookUpHint(ref, (error as Partial<RegistryError>).suggestion);
}

/** Creates `NotFound` for a name of which a listing is empty. */
export async function noName(
  registry: Registry,
  name: string,
  action: string,
): Promise<RegistryError> {
  if (await hasDeleted(registry, name)) {
    const hint = `See what can be restored: holdfast versions ${shellWord(name)} --deleted`;
    return notFound(`${action} "${name}"`, "all of its versions were deleted", hint);
  }
  const hint = await nearestHint(registry, name);
  return notFound(`${action} "${name}"`, "no such name", hint);
}

async function hasDeleted(registry: Registry, name: string): Promise<boolean> {
  try {
    for await (const _ of registry.versions(name, { deleted: true, limit: 1 })) return true;
  } catch { // a registry of another program
  }
  return false;
}

/** Returns the hint for a version that was deleted. */
function restoreHint({ hint, reason }: RegistryError): string | undefined {
  return reason?.kind === "version_deleted" ? hintFor({ hint, reason }, CLI_HINTS) : undefined;
}

function lookUpHint(ref: string, suggestion: string | undefined): string {
  const [name = "", selector] = ref.split("@");
  if (suggestion !== undefined && name.startsWith(`${suggestion}/`)) {
    const of = selector === undefined ? suggestion : `${suggestion}@${selector}`;
    const path = name.slice(suggestion.length + 1);
    return `For a file in it write: holdfast cat ${shellWord(of)} ${shellWord(path)}`;
  }
  const list = /^(?!latest$)[^\W\d]/.test(selector ?? "") ? "alias" : "versions";
  const versions = selector !== undefined && suggestion === undefined
    ? `holdfast ${list} ${shellWord(name)}, or `
    : "";
  const hint = `See what exists: ${versions}holdfast ls`;
  return suggestion === undefined ? hint : `Did you mean ${shellWord(suggestion)}? ${hint}`;
}

/**
 * Awaits a call. An error with one of these codes gets the given hint instead of its own. A text is
 * for errors without a reason: others have a hint that fits it.
 */
export async function withHints<T>(call: Promise<T>, hints: Hints): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!isRegistryError(error)) throw error;
    const choice = hints[error.code];
    const isText = typeof choice === "string";
    if (choice === undefined || isText && error.reason !== undefined) throw error;
    const hint = typeof choice === "function" ? await choice(error) : choice;
    throw retold(error, { hint, cause: error });
  }
}

/** The commands of every program that work on the registry of a run. */
const OF_REGISTRY: readonly string[] = [
  ..."save|load|ls|versions|info|log|diff|rm|alias|note|publish|members|lineage|copy".split("|"),
  ..."download|cat|undelete|settings|doctor|batch \\w+".split("|"),
];

/**
 * Adds `-r REGISTRY` to the commands in a hint or note, unless it names a registry itself.
 *
 * @param added patterns of commands of extensions that work on the registry of a run
 */
export function withRegistry<Hint extends string | undefined>(
  text: Hint,
  registry: string | undefined,
  added: readonly string[] = [],
): Hint {
  const isNamed = /(^|\s)(-r|--registry|@[^\s/]+)[\s=/]/.test(text ?? "");
  if (registry === undefined || isNamed) return text;
  const commands = [...OF_REGISTRY, ...added].join("|");
  const calls = new RegExp(`\\bholdfast (${commands})(?! --help)\\b`, "g");
  return text?.replace(calls, (call) => `${call} -r ${shellWord(registry)}`) as Hint;
}
