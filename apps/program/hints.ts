// Hints in the words of the command line, for failures of the library.
import { type ErrorCode, isRegistryError, type Registry, RegistryError } from "../../mod.ts";
import { nearestRef } from "./nearest.ts";

/** Hints by the code of a failure. */
export type Hints = Partial<
  Record<ErrorCode, string | ((error: RegistryError) => Promise<string>)>
>;

/** For a ref that leads to nothing; with the registry, what was meant is looked for. */
export function lookUp(ref: string, registry?: Registry): Hints {
  return {
    NotFound: registry === undefined
      ? whereToLook(ref)
      : (error) => nearestHint(registry, ref, error.suggestion),
  };
}

/** The hint for a ref that leads to nothing: one that is like it, looked for unless it is known, and where to look. */
export async function nearestHint(
  registry: Registry,
  ref: string,
  known?: string,
): Promise<string> {
  const near = known ?? await nearestRef(registry, ref);
  return near === undefined
    ? whereToLook(ref)
    : `Did you mean ${shellWord(near)}? ${whereToLook(ref)}`;
}

function whereToLook(ref: string): string {
  const [name, ...selector] = ref.split("@");
  const word = shellWord(name);
  if (selector.length === 0) return "See what there is: holdfast ls";
  const isAlias = /^(?!latest$)[^\W\d]/.test(selector[0]);
  return `See what there is: holdfast ${isAlias ? "alias" : "versions"} ${word}, or holdfast ls`;
}

/** The outcome of a call; a failure with one of these codes gets this hint instead of its own. */
export async function withHints<T>(call: Promise<T>, hints: Hints): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!isRegistryError(error) || hints[error.code] === undefined) throw error;
    const { code, message, key, backend, retry, maybeWritten, commit } = error;
    const given = hints[code];
    const hint = typeof given === "function" ? await given(error) : given;
    throw new RegistryError({
      code,
      message,
      hint,
      key,
      backend,
      retry,
      maybeWritten,
      commit,
      cause: error,
    });
  }
}

/** What the hints of the library name, and what that is on the command line. */
const WORDS: readonly [library: RegExp, cli: string][] = [
  [
    /Create one here: openRegistry\(undefined, \{ create: true \}\), or name one: openRegistry\(place\), or HOLDFAST_REGISTRY\./g,
    'Run "holdfast init" to create one here, or name one with --registry or HOLDFAST_REGISTRY.',
  ],
  [/name it, as by openRegistry\((".*?")\)/g, "name it, as by --registry $1"],
  [/Create it, give createBucket: true,/g, "Make it with: holdfast init URL --create-bucket,"],
  [/or make it: `createBucket: true` does/g, "or make it: holdfast init URL --create-bucket"],
  [/Check secretAccessKey and region/g, "Check the secret key (…_SECRET_KEY) and the region"],
  [/Check accessKeyId/g, "Check the access key (…_ACCESS_KEY)"],
  [/with base: null, which shares nothing with it/g, "with --no-share"],
  [/registry\.names\(\)/g, "holdfast ls"],
  [/rebuildLineage\(registry\)/g, "holdfast lineage --rebuild"],
  [/registry\.versions\(name\)/g, "holdfast versions NAME"],
  [/registry\.history\(name, alias\)/g, "holdfast alias NAME ALIAS --history"],
  [/registry\.versions\("(.*?)"\)/g, "holdfast versions $1"],
  [/registry\.setAlias\("(.*?)", "(.*?)", version\)/g, "holdfast alias $1 $2 VERSION"],
  [/registry\.deleteAlias\("(.*?)", "(.*?)"\)/g, "holdfast alias $1 $2 --delete"],
  [/registry\.open\(ref\) and file\(path\)(\.(bytes|stream)\(\))?/g, "holdfast cat REF PATH"],
  [/A program that is to wait longer says retryForMs\./g, "To wait longer: --wait 90s."],
  [
    /\(holdfast serve\); in a browser also that it allows this page \(CORS\)\./g,
    "(holdfast serve). To wait longer: --wait 90s.",
  ],
  [/ Or open the registry with a larger maxLoadBytes\./g, ""],
  [/(pass|Pass) force: true/g, "add --force"],
  [
    /Pass onConflict: "overwrite" to replace it, or another version/g,
    "Add --on-conflict overwrite, or give another version",
  ],
  [/Pass onConflict: "overwrite"/g, "Add --on-conflict overwrite"],
  [/or pass another\./g, "or give another."],
  [/Leave workers out \(workers: 0\)/g, "Leave workers out (--workers 0)"],
  [
    /Create a registry with mutable: true for that/g,
    "One that allows it is made by: holdfast init FOLDER --mutable",
  ],
  [/or a mutable registry/g, "or a registry made by: holdfast init FOLDER --unversioned --mutable"],
  [
    /under another one \(rename\), or leave the version out by a range/g,
    "under another one (--rename), or see --range",
  ],
  [/mirror with deleted: false/g, "add --no-deleted"],
  [
    /Mirror into a registry that was created with versioned: (true|false)/g,
    "See the flag --unversioned of: holdfast init",
  ],
  [/A save that had an idempotencyKey/g, "A save that had an --idempotency-key"],
  [/Keep links, or follow or skip them/g, "Add --links keep, follow or skip"],
  [/Or leave it out: exclude takes a pattern/g, "Or leave it out: --exclude takes a pattern"],
];

/** A hint of the library in the words of the command line. */
export function inCliWords<Hint extends string | undefined>(hint: Hint): Hint {
  return WORDS.reduce(
    (text, [library, cli]) => text?.replace(library, cli),
    hint as string | undefined,
  ) as Hint;
}

/** The commands that work on the registry of a run. */
const OF_REGISTRY = new Set([
  ...[
    "save",
    "load",
    "ls",
    "versions",
    "info",
    "log",
    "diff",
    "rm",
    "alias",
    "lineage",
    "copy",
    "download",
    "cat",
  ],
  ...[
    "verify",
    "du",
    "gc",
    "prune",
    "settings",
    "status",
    "doctor",
    "batch save",
    "batch load",
    "batch verify",
  ],
  ...[
    "pipeline plan",
    "pipeline run",
    "pipeline status",
    "pipeline logs",
    "pipeline cancel",
    "pipeline graph",
  ],
]);

/** A hint or a note in which commands name the registry that this run was given, where they name none. */
export function withRegistry<Text extends string | undefined>(
  text: Text,
  registry: string | undefined,
): Text {
  if (
    registry === undefined || text === undefined ||
    /(^|\s)(-r|--registry|@[^\s/]+)[\s=/]/.test(text)
  ) return text;
  return text.replace(
    /\bholdfast ((?:batch|pipeline) [a-z]+|[a-z]+)(?! --help)\b/g,
    (call, command) => OF_REGISTRY.has(command) ? `${call} -r ${shellWord(registry)}` : call,
  ) as Text;
}

/** A text as one word of a shell's line. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
