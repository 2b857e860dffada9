// Hints for clients of the HTTP API, by reason.
import type { ServiceHints } from "../../core/hints/reasons.ts";
import { nameSegment } from "../../core/naming/names.ts";

const OPERATOR = "Ask the operator of the service.";
const CHECK_STORE = "Try again later, or ask the operator of the service.";

/** Reasons about the store of the service: only its operator can follow their other hints. */
export const OF_STORE: ReadonlySet<string> = new Set<keyof ServiceHints>([
  "store_timeout",
  "store_unreachable",
  "store_silent",
  "store_full",
  "bucket_missing",
  "bucket_elsewhere",
  "access_key_unknown",
  "signature_mismatch",
  "s3_credentials_missing",
  "gcs_credentials_missing",
  "credentials_unusable",
]);

/** Those of a store that does not answer. */
export const SILENT_STORE: ReadonlySet<string> = new Set<keyof ServiceHints>([
  "store_timeout",
  "store_unreachable",
  "store_silent",
]);

/** null: the library's own hint names no method and no option. */
export const HTTP_HINTS: ServiceHints = {
  name_missing: "Check the spelling, or list the names: GET /names",
  version_missing: ({ name }) => `List the versions: GET ${of(name)}/versions`,
  version_deleted: ({ name, version }) =>
    `Restore it while its files are there: POST ${of(name)}/versions/${version}/undelete`,
  alias_missing: ({ name, alias }) =>
    `Set it with PUT ${aliasOf(name, alias)}, or check the spelling.`,
  alias_unknown: ({ name }) => `List the aliases: GET ${of(name)}/aliases`,
  alias_dangling: ({ name, alias }) =>
    `Point it to another version with PUT ${aliasOf(name, alias)}, or delete it with DELETE ` +
    `${aliasOf(name, alias)}.`,
  alias_never_moved: ({ name, alias }) => `List its changes: GET ${aliasOf(name, alias)}/history`,
  alias_target_deleted: ({ name }) => `Point it to another version: GET ${of(name)}/versions`,
  alias_target_earlier: ({ name, alias, version }) =>
    `Point it to the last one that is left, ${version}: PUT ${aliasOf(name, alias)}`,
  not_a_release: "For a file of it: GET /artifacts/{name}/versions/{version}/files/{path}",
  past_unknown: "List the history with GET /artifacts/{name}/log.",
  looks_like_a_date: null,
  version_exists: null,
  version_replaceable: 'Send "onConflict": "overwrite" to replace it, or another version.',
  value_fixed: null,
  value_replaceable: 'Send "onConflict": "overwrite" to replace it.',
  not_mutable: "Save another version: this service never overwrites one.",
  held_by_alias: "Point the alias to another version first, or add ?force=true.",
  held_by_release: "Delete the release first, or add ?force=true.",
  alias_protected: "Send `force`, with a token that has the scope promote:NAME.",
  promotion_refused: "Meet the conditions of the rule. GET /rules?name=NAME has the rule.",
  protected: "Change the rule, or delete with ?force=true.",
  outcome_unknown: "Read it again to see the outcome. A save with an idempotency key can be " +
    "repeated safely.",
  damaged: ({ finding }) =>
    `${finding} Ask the operator to repair it from a mirror, or save the value again.`,
  object_unreadable: "Try again later. If other versions can be read, the object is damaged: ask " +
    "the operator of the service to repair it.",
  too_large_to_load: "Read its files: GET /artifacts/{name}/versions/{version}/files/{path}",
  several_objects: "Read it through the service: GET /artifacts/{name}/versions/{version}/files/" +
    "{path}",
  store_timeout: CHECK_STORE,
  store_unreachable: CHECK_STORE,
  store_silent: CHECK_STORE,
  store_full: OPERATOR,
  bucket_missing: OPERATOR,
  bucket_elsewhere: OPERATOR,
  access_key_unknown: OPERATOR,
  signature_mismatch: OPERATOR,
  s3_credentials_missing: OPERATOR,
  gcs_credentials_missing: OPERATOR,
  credentials_unusable: OPERATOR,
  token_missing: "Send a token of this service, or of a provider that GET /sign-in names: " +
    "Authorization: Bearer TOKEN",
  scope_missing: null,
  origin_refused: null,
  page_may_not_write: null,
  route_missing: "List all routes: GET /openapi.json.",
  upload_too_large: null,
};

function of(name: string): string {
  return `/artifacts/${nameSegment(name)}`;
}

function aliasOf(name: string, alias: string): string {
  return `${of(name)}/aliases/${nameSegment(alias)}`;
}
