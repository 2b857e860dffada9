// Hints in the words of the command line, for failures of the library.
import { isRegistryError, type Registry, type RegistryError } from "../../../mod.ts";
import { type ErrorCode, fault, retold } from "../../../core/errors.ts";

type Hint = string | ((error: RegistryError) => string | Promise<string>);

export type Hints = Partial<Record<ErrorCode, Hint>>;

/** For a ref that leads to nothing: what was probably meant, and where to look. */
export function lookUp(ref: string): Hints {
  return { NotFound: ({ suggestion }) => lookUpHint(ref, suggestion) };
}

/** The hint for a name or ref of which a listing is empty: the registry says what is like it. */
export async function nearestHint(registry: Registry, ref: string): Promise<string> {
  const error = await registry.info(ref).catch((error) => error);
  return lookUpHint(ref, (error as Partial<RegistryError>).suggestion);
}

/** `NotFound` of a name of which a listing is empty. */
export async function noName(
  registry: Registry,
  name: string,
  action: string,
): Promise<RegistryError> {
  return fault({
    code: "NotFound",
    action,
    subject: `"${name}"`,
    state: "there is no such name",
    hint: await nearestHint(registry, name),
  });
}

function lookUpHint(ref: string, meant: string | undefined): string {
  const [name, ...selector] = ref.split("@");
  const isAlias = /^(?!latest$)[^\W\d]/.test(selector[0] ?? "");
  const there = selector.length === 0
    ? "See what there is: holdfast ls"
    : `See what there is: holdfast ${isAlias ? "alias" : "versions"} ${
      shellWord(name)
    }, or holdfast ls`;
  return meant === undefined ? there : `Did you mean ${shellWord(meant)}? ${there}`;
}

/** The outcome of a call; a failure with one of these codes gets this hint instead of its own. */
export async function withHints<T>(call: Promise<T>, hints: Hints): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!isRegistryError(error)) throw error;
    const given = hints[error.code];
    if (given === undefined) throw error;
    const hint = typeof given === "function" ? await given(error) : given;
    throw retold(error, { hint, cause: error });
  }
}

/** The commands that work on the registry of a run. */
const OF_REGISTRY = new RegExp(
  "\\bholdfast (save|load|ls|versions|info|log|diff|rm|alias|lineage|copy|download|cat|verify|du|gc|" +
    "prune|settings|status|doctor|batch \\w+|pipeline (plan|run|status|logs|cancel|graph))(?! --help)\\b",
  "g",
);

/** A hint or a note in which commands name the registry that this run was given, where they name none. */
export function withRegistry<Text extends string | undefined>(
  text: Text,
  registry: string | undefined,
): Text {
  const isNamed = /(^|\s)(-r|--registry|@[^\s/]+)[\s=/]/.test(text ?? "");
  if (registry === undefined || isNamed) return text;
  return text?.replace(OF_REGISTRY, (call) => `${call} -r ${shellWord(registry)}`) as Text;
}

export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
