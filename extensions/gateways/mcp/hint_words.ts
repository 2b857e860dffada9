// Hints for models, by reason: they call tools, and know no command, no route and no option.
import type { HintTable, SERVICE_REASONS } from "../../../registry/mod.ts";

const FIND = "Call find_artifacts to see what exists.";
const VERSIONS = "Call list_versions to see what exists.";
const OPERATOR = "Ask the operator of this server.";
const LATER = "Try again later, or ask the operator of this server.";
const NOT_HERE = "Tell the user: only other tools can do this.";

export const MCP_HINTS: HintTable<keyof typeof SERVICE_REASONS> = {
  name_missing: FIND,
  version_missing: VERSIONS,
  version_deleted:
    "Call undelete_version to restore it, if this server has it. Else tell the user.",
  alias_missing: "Call set_alias to set it, or list_versions to see the aliases of the name.",
  alias_unknown: VERSIONS,
  alias_dangling: "Call set_alias to point it to another version.",
  alias_never_moved: VERSIONS,
  alias_target_deleted: "Call set_alias to point it to another version.",
  alias_target_earlier: ({ version }) => `Call set_alias to point it to ${version}.`,
  not_a_release: ({ release, member }) => `Read the file ${member} of ${release}.`,
  past_unknown: VERSIONS,
  looks_like_a_date: null,
  version_exists: "Omit `version` to take the next one: saved versions do not change.",
  version_replaceable: "Omit `version` to take the next one.",
  value_fixed: "Use another name: values are not replaced here.",
  value_replaceable: "Use another name: this server does not replace values.",
  not_mutable: "Omit `version` to take the next one: saved versions do not change.",
  held_by_alias: "Call set_alias to point the alias to another version first.",
  held_by_release: NOT_HERE,
  alias_protected: NOT_HERE,
  promotion_refused: NOT_HERE,
  protected: NOT_HERE,
  outcome_unknown: "Read it again to see the outcome before you repeat it.",
  damaged: ({ finding }) => `${finding} ${OPERATOR}`,
  object_unreadable: LATER,
  too_large_to_load: "Read a part of it.",
  several_objects: "Read the file itself.",
  store_timeout: LATER,
  store_unreachable: LATER,
  store_silent: LATER,
  store_full: OPERATOR,
  bucket_missing: OPERATOR,
  bucket_elsewhere: OPERATOR,
  access_key_unknown: OPERATOR,
  signature_mismatch: OPERATOR,
  s3_credentials_missing: OPERATOR,
  gcs_credentials_missing: OPERATOR,
  credentials_unusable: OPERATOR,
  token_missing: OPERATOR,
  scope_missing: ({ scope }) => `Ask the operator of this server for the scope ${scope}.`,
  origin_refused: OPERATOR,
  page_may_not_write: OPERATOR,
  route_missing: OPERATOR,
  upload_too_large: "Save fewer or smaller files.",
};
