// Hints with commands and flags, by reason.
import { type Advice, hintFor } from "../../../core/errors.ts";
import type { Hints, HintTable, ReasonKind } from "../../../core/hints/reasons.ts";
import { shellWord } from "../../../core/text/shell_word.ts";
import { COMMAND_HINTS } from "./reasons.ts";

const OVERWRITE = "Add --on-conflict overwrite to replace it";

/** null: the library's own hint names no method and no option. */
export const CLI_HINTS: HintTable<ReasonKind> = {
  name_missing: "Check the spelling, or list the names: holdfast ls",
  version_missing: ({ name }) => `List the versions: holdfast versions ${shellWord(name)}`,
  version_deleted: ({ name, version }) =>
    `Restore it while its files are there: holdfast undelete ${shellWord(`${name}@${version}`)}`,
  alias_missing: ({ name, alias }) =>
    `Set it with ${aliasOf(name, alias)} VERSION, or check the spelling.`,
  alias_unknown: ({ name }) => `List the aliases: holdfast alias ${shellWord(name)}`,
  alias_dangling: ({ name, alias }) =>
    `Point it to another version with ${aliasOf(name, alias)} VERSION, or delete it with ` +
    `${aliasOf(name, alias)} --delete.`,
  alias_never_moved: ({ name, alias }) => `See its history: ${aliasOf(name, alias)} --history`,
  alias_target_deleted: ({ name }) =>
    `Point it to another version: holdfast versions ${shellWord(name)}`,
  alias_target_earlier: ({ name, alias, version }) =>
    `Point it to the last one that is left: ${aliasOf(name, alias)} ${shellWord(version)}`,
  not_a_release: ({ release, member }) =>
    `For a file in it write: holdfast cat ${shellWord(release)} ${shellWord(member)}`,
  past_unknown: "Run holdfast versions NAME, or holdfast alias NAME ALIAS --history.",
  looks_like_a_date: ({ day }, hint) =>
    `${hint} To read as of a date: holdfast load NAME --as-of ${shellWord(day)}`,
  version_exists: "Versions are never reused: leave the version out for the next one, or give " +
    "another.",
  version_replaceable: `${OVERWRITE}, or another version.`,
  value_fixed: "Values are never replaced here: use another name, or a registry made by: " +
    "holdfast init FOLDER --unversioned --mutable.",
  value_replaceable: `${OVERWRITE}.`,
  not_mutable: "Create a mutable registry: holdfast init FOLDER --mutable",
  held_by_alias: "Point the alias to another version first, or add --force.",
  held_by_release: "Delete the release first, or add --force.",
  alias_protected: "Change the alias with: holdfast alias --force",
  promotion_refused: null,
  protected: "Change the rule, or delete with --force.",
  outcome_unknown: "Read it again to see the outcome. A save with an --idempotency-key can be " +
    "repeated safely.",
  damaged: ({ finding }) => `${finding} Save the value again with --share none.`,
  object_unreadable: "Check the network and the store, then try again.",
  too_large_to_load: "Download it, or stream it: holdfast cat REF PATH.",
  several_objects: "Read it through the registry, or store it whole: holdfast save --share none",
  store_timeout: "Check the network and the store, then try again.",
  store_unreachable: ({ advice }) =>
    `${advice} Behind a proxy set HTTPS_PROXY or HTTP_PROXY, and NO_PROXY; check them with ` +
    "`holdfast doctor`. To wait longer, pass --wait 90s.",
  store_silent: null,
  store_full: "Raise the quota or the cap of the account or bucket.",
  bucket_missing: "Create it with `holdfast init URL --create-bucket`, or check its name, " +
    "endpoint and region.",
  bucket_elsewhere: ({ region }) => `Add ?region=${region} to the URL.`,
  access_key_unknown: "Check the access key (…_ACCESS_KEY), and that it belongs to this endpoint.",
  signature_mismatch: "Check the secret key (…_SECRET_KEY) and the region, and that no proxy " +
    "changes the requests.",
  s3_credentials_missing: ({ variables }) =>
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws configure`. For this bucket " +
    `alone, set ${variables} For a public bucket, add ?anonymous=true to the URL.`,
  gcs_credentials_missing: "Set GOOGLE_APPLICATION_CREDENTIALS, or run `gcloud auth " +
    "application-default login`.",
  credentials_unusable: null,
  token_missing: "Pass a token of the service: --token-file FILE, or HOLDFAST_TOKEN.",
  scope_missing: ({ scope }) =>
    `Ask the service's operator for the scope ${scope}, in a token: holdfast token create ` +
    `--scope ${shellWord(scope)}`,
  origin_refused: "Allow its origin: holdfast serve --cors https://app.example.com",
  page_may_not_write: "Use tokens (holdfast serve --tokens FILE), or name the origin: holdfast " +
    "serve --cors ORIGIN.",
  route_missing: "Check the URL of the registry: holdfast doctor",
  upload_too_large: "Ask for a larger limit: holdfast serve --max-upload SIZE",

  registry_missing: ({ grants }) =>
    'Run "holdfast init" to create one here, or name one with --registry or HOLDFAST_REGISTRY.' +
    grants,
  registry_around: ({ folder, grants }) =>
    `${JSON.stringify(folder)} is a registry: use --registry ${shellWord(folder)}.${grants}`,
  remote_missing: ({ name, others }) =>
    `Add it: holdfast remote add ${/^[A-Za-z0-9][\w.-]*$/.test(name) ? name : "NAME"} LOCATION` +
    `${others}. For a folder of that name, write ${JSON.stringify(`./@${name}`)}.`,
  remotes_damaged: "Fix the file, or remove it and run holdfast remote add NAME LOCATION.",
  host_untrusted: "If you trust that host, pass the registry with --registry, in " +
    "HOLDFAST_REGISTRY, or with holdfast remote add.",
  service_address: "Write https://host:8600; pass the token by HOLDFAST_TOKEN or --token-file.",
  service_unreachable: "Check the URL, that the service runs (holdfast serve), and NO_PROXY if " +
    "HTTP_PROXY or HTTPS_PROXY is set. To wait longer: --wait 90s.",
  settings_differ: ({ option }) =>
    `Omit ${OPENING_FLAGS[option] ?? option}, or use another registry.`,
  locking_differs: "Omit --locking, or use another registry.",
  not_open_here: "Run it on the folder or bucket that the service uses: -r LOCATION.",
  s3_configuration_missing: "Set these variables, or write them into that file; Deno needs " +
    "--allow-env and --allow-read for them. Endpoint and region may be in the URL: " +
    "?endpoint=https://…&region=…",

  source_changed: "Stop the programs that write to it, leave it out with --exclude, or save a " +
    "copy.",
  file_name_unsafe: "Rename it so that it is valid on every system, or leave it out with " +
    "--exclude.",
  folder_empty: "Check that its disk is mounted and its files are not left out, or add " +
    "--allow-empty.",
  time_unsupported: ({ path }) => `Run \`touch ${shellWord(path)}\`, or omit --preserve times.`,
  link_refused: "Add --links keep, follow or skip.",
  mount_point: "Unmount it, or leave it out with --exclude.",
  path_unsafe: "Read single files with holdfast cat REF PATH.",
  name_unstorable: "Choose a folder on another disk, or leave the file out with --exclude.",
  links_unsupported: "Choose a folder on another disk, or add --links skip.",
  several_files: "Read the files one by one with `holdfast cat REF PATH`.",
  array_unsupported: "Read its bytes with `holdfast cat REF PATH`, or save it as numbers.",

  pattern_unmatched: "See what exists: holdfast ls. * matches anything but /, and **/ any folders.",
  grace_too_short: "Pass a longer period.",
  worker_lost: "It committed nothing. Run the same command again.",

  service_exposed: "Create a token (holdfast token create --tokens tokens.json --scope admin) " +
    "and run holdfast serve --tokens tokens.json. Without tokens, listen on 127.0.0.1.",
  port_taken: "Choose another port, or any free one: --port 0",
  port_denied: "Choose a port from 1024, such as --port 8600",
  address_foreign: "Pass an address of this machine, such as --host 127.0.0.1",
  certificate_unusable: "Pass PEM files: the certificate with its chain as --cert, its private " +
    "key as --key.",
  token_scopes_missing: 'Add --scope "read:*", --scope "write:team/*" or --scope admin.',
  token_expired: "Pass a duration, such as --expires 30d.",
  token_note_taken: ({ id }) =>
    `Pass another note, or give that token a new secret: ` +
    `holdfast token rotate ${id}`,
  token_unknown: ({ file }) => `See what exists: holdfast token ls --tokens ${shellWord(file)}`,
  tokens_damaged: ({ file }) =>
    "Restore it from a backup, or move it away and create new tokens: " +
    `holdfast token create --tokens ${shellWord(file)}`,
  tokens_unreadable: "Pass the content of the file that `holdfast token create --tokens FILE` " +
    "writes.",
  tokens_missing: ({ file }) =>
    `Create the first token: holdfast token create --tokens ${shellWord(file)} --scope admin`,
};

/** The flags of options with which a registry was created. */
const OPENING_FLAGS: Readonly<Record<string, string>> = {
  versioned: "--unversioned",
  mutable: "--mutable",
  graceMs: "--grace, which holdfast settings changes",
};

type ReadEnv = (name: string) => string | undefined;

/**
 * Returns the hint of an error for the command line, in the words of extensions first; in CI, where
 * nobody can sign in, another one.
 */
export function cliHint(
  error: Advice & { suggestion?: string },
  env: ReadEnv = () => undefined,
  hints: readonly Hints[] = [],
): string | undefined {
  const isJob = error.reason?.kind === "token_missing" && Boolean(env("CI"));
  return isJob ? jobHint(env) : hintFor(error, ...hints, CLI_HINTS, COMMAND_HINTS);
}

/** Returns how a CI job gets a token. */
function jobHint(env: ReadEnv): string {
  const own = env("GITHUB_ACTIONS") && !env("ACTIONS_ID_TOKEN_REQUEST_URL")
    ? "Add `permissions: { id-token: write, contents: read }` to the job, or pass"
    : "Pass the token of the job, or";
  return `${own} a token of the service: HOLDFAST_TOKEN, or --token-file FILE.`;
}

function aliasOf(name: string, alias: string): string {
  return `holdfast alias ${shellWord(name)} ${shellWord(alias)}`;
}
