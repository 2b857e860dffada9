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

/** What the hints of the library name, and what that is on the command line. */
const WORDS: readonly [library: string | RegExp, cli: string][] = [
  [
    "Create one here: openRegistry(undefined, { create: true }), or name one: openRegistry(place), or",
    'Run "holdfast init" to create one here, or name one with --registry or',
  ],
  [/name it, as by openRegistry\((".*?")\)/g, "name it, as by --registry $1"],
  ["Create it, give createBucket: true,", "Make it with: holdfast init URL --create-bucket,"],
  ["`createBucket: true` does", "holdfast init URL --create-bucket"],
  ["secretAccessKey and region", "the secret key (…_SECRET_KEY) and the region"],
  ["Check accessKeyId", "Check the access key (…_ACCESS_KEY)"],
  ["with base: null, which shares nothing with it", "with --no-share"],
  ["registry.names()", "holdfast ls"],
  ["rebuildLineage(registry)", "holdfast lineage --rebuild"],
  ["registry.versions(name)", "holdfast versions NAME"],
  ["registry.history(name, alias)", "holdfast alias NAME ALIAS --history"],
  [/registry\.versions\("(.*?)"\)/g, "holdfast versions $1"],
  [/registry\.setAlias\("(.*?)", "(.*?)", version\)/g, "holdfast alias $1 $2 VERSION"],
  [/registry\.deleteAlias\("(.*?)", "(.*?)"\)/g, "holdfast alias $1 $2 --delete"],
  [/registry\.open\(ref\) and file\(path\)(\.(bytes|stream)\(\))?/g, "holdfast cat REF PATH"],
  ["A program that is to wait longer says retryForMs.", "To wait longer: --wait 90s."],
  ["; in a browser also that it allows this page (CORS).", ". To wait longer: --wait 90s."],
  [" Or open the registry with a larger maxLoadBytes.", ""],
  [/pass force: true/gi, "add --force"],
  ['Pass onConflict: "overwrite"', "Add --on-conflict overwrite"],
  ["or pass another.", "or give another."],
  ["(workers: 0)", "(--workers 0)"],
  [
    "Create a registry with mutable: true for that",
    "One that allows it is made by: holdfast init FOLDER --mutable",
  ],
  ["or a mutable registry", "or a registry made by: holdfast init FOLDER --unversioned --mutable"],
  ["(rename), or leave the version out by a range", "(--rename), or see --range"],
  ["mirror with deleted: false", "add --no-deleted"],
  [
    /Mirror into a registry that was created with versioned: (true|false)/g,
    "See the flag --unversioned of: holdfast init",
  ],
  [
    /Pass locking: "\w+", or leave it out and give openRegistry the path/g,
    "Leave out --locking, or use another registry",
  ],
  ["Leave mutable out", "Leave out --mutable"],
  ["Leave versioned out", "Leave out --unversioned"],
  ["Leave graceMs out", "Leave out --grace, which holdfast settings changes"],
  ["an idempotencyKey", "an --idempotency-key"],
  ["Keep links, or follow or skip them", "Add --links keep, follow or skip"],
  ["Or leave it out: exclude takes", "Or leave it out: --exclude takes"],
];

/** A hint of the library in the words of the command line. */
export function inCliWords<Text extends string | undefined>(hint: Text): Text {
  return WORDS.reduce<string | undefined>(
    (text, [library, cli]) => text?.replaceAll(library, cli),
    hint,
  ) as Text;
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
