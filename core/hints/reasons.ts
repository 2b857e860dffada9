// Reasons of errors, from which each interface makes its own hints: the library speaks of methods
// and options, the command line of commands and flags.

/** Reasons that a service can send, with the names of what their hints mention. */
export const SERVICE_REASONS = {
  // what a ref names
  name_missing: [],
  version_missing: ["name"],
  version_deleted: ["name", "version"],
  alias_missing: ["name", "alias"],
  alias_unknown: ["name"],
  alias_dangling: ["name", "alias"],
  alias_never_moved: ["name", "alias"],
  alias_target_deleted: ["name"],
  alias_target_earlier: ["name", "alias", "version"],
  not_a_release: ["release", "member"],
  past_unknown: [],
  looks_like_a_date: ["day"],
  // what a write meets
  version_exists: [],
  version_replaceable: [],
  value_fixed: [],
  value_replaceable: [],
  not_mutable: [],
  held_by_alias: [],
  held_by_release: [],
  protected: [],
  alias_protected: ["name", "alias"],
  promotion_refused: ["name", "alias"],
  rule_incomplete: [],
  rule_missing: [],
  rule_gives_up: [],
  outcome_unknown: [],
  // what is stored
  damaged: ["finding"],
  object_unreadable: [],
  too_large_to_load: [],
  several_objects: [],
  // stores
  store_timeout: [],
  store_unreachable: ["advice"],
  store_silent: [],
  store_full: [],
  bucket_missing: [],
  bucket_elsewhere: ["region"],
  access_key_unknown: [],
  signature_mismatch: [],
  s3_credentials_missing: ["variables"],
  gcs_credentials_missing: [],
  credentials_unusable: [],
  // services
  token_missing: [],
  scope_missing: ["scope"],
  origin_refused: [],
  page_may_not_write: [],
  route_missing: [],
  upload_too_large: [],
  run_missing: ["pipeline"],
  run_step_missing: ["run"],
  run_ended: ["run"],
  logged_run_missing: ["name"],
  run_value_differs: [],
} as const;

/** Reasons that only the machine of the caller can have. */
export const LOCAL_REASONS = {
  // finding and opening a registry
  registry_missing: ["grants"],
  registry_around: ["folder", "grants"],
  remote_missing: ["name", "others"],
  remotes_damaged: [],
  host_untrusted: [],
  service_address: [],
  service_unreachable: [],
  settings_differ: ["option"],
  locking_differs: [],
  not_open_here: [],
  s3_configuration_missing: [],
  // files on a disk
  source_changed: [],
  file_name_unsafe: [],
  folder_empty: [],
  time_unsupported: ["path"],
  link_refused: [],
  mount_point: [],
  path_unsafe: [],
  name_unstorable: [],
  links_unsupported: [],
  several_files: [],
  array_unsupported: [],
  // maintenance
  pattern_unmatched: [],
  grace_too_short: [],
  mirror_target_taken: [],
  mirror_target_protected: ["location", "pattern"],
  mirror_target_differs: [],
  mirror_member_missing: ["name"],
  mirror_unversioned: [],
  alias_damaged: ["name", "alias"],
  export_exists: [],
  export_name: ["before", "sign"],
  worker_lost: [],
  // pipelines
  pipeline_missing: [],
  pipeline_file_missing: [],
  step_failed_first: [],
  step_not_selected: [],
  run_name: [],
  run_record_damaged: ["ref"],
  shard_record_damaged: [],
  run_configuration: [],
  engine_full: [],
  run_not_cancelled: ["run"],
  buckets_missing: [],
  links_outside: [],
  // starting a service
  service_exposed: [],
  port_taken: [],
  port_denied: [],
  address_foreign: [],
  certificate_unusable: [],
  token_scopes_missing: [],
  token_expired: [],
  token_note_taken: ["id"],
  token_unknown: ["file"],
  tokens_damaged: ["file"],
  tokens_unreadable: [],
  tokens_missing: ["file"],
} as const;

/** The kind of a reason: a stable code. */
export type ReasonKind = keyof typeof SERVICE_REASONS | keyof typeof LOCAL_REASONS;

/**
 * The cause of a failure for programs, with the names that a hint needs:
 * `{ kind: "version_missing", name }`. Later releases have other kinds too.
 */
export type Reason = {
  [K in ReasonKind]:
    & { readonly kind: K }
    & { readonly [D in (typeof SERVICE_REASONS & typeof LOCAL_REASONS)[K][number]]: string };
}[ReasonKind];

type ReasonOf<K extends ReasonKind> = Extract<Reason, { kind: K }>;

/** A hint for a reason, from its names and the library's own; null keeps the library's own. */
type Words<K extends ReasonKind> = string | null | ((reason: ReasonOf<K>, hint: string) => string);

/** The hints of an interface. */
export type HintTable<K extends ReasonKind> = { readonly [R in K]: Words<R> };

/** The hints of an interface for everything that a service can send. */
export type ServiceHints = HintTable<keyof typeof SERVICE_REASONS>;

/** Returns a reason that a service sent; undefined if it is of a later release, or forged. */
export function readReason(value: unknown): Reason | undefined {
  const { kind } = (value ?? {}) as { kind?: unknown };
  if (typeof kind !== "string" || !Object.hasOwn(SERVICE_REASONS, kind)) return undefined;
  const names = SERVICE_REASONS[kind as keyof typeof SERVICE_REASONS];
  const members = value as Record<string, unknown>;
  if (!names.every((name) => typeof members[name] === "string")) return undefined;
  return { kind, ...Object.fromEntries(names.map((name) => [name, members[name]])) } as Reason;
}
