// Reasons of errors, from which each interface makes its own hints: the library speaks of methods
// and options, the command line of commands and flags. Extensions have reasons of their own, and
// bring the hints for them.

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
  worker_lost: [],
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

/** The kind of a reason of the kernel: a stable code. */
export type ReasonKind = keyof typeof SERVICE_REASONS | keyof typeof LOCAL_REASONS;

/**
 * A reason of the kernel, by its kind.
 *
 * @internal
 */
type KernelReason = {
  [K in ReasonKind]:
    & { readonly kind: K }
    & { readonly [D in (typeof SERVICE_REASONS & typeof LOCAL_REASONS)[K][number]]: string };
}[ReasonKind];

declare const OF_EXTENSION: unique symbol;

/** A reason of an extension, which {@linkcode defineReasons} makes. */
export interface ExtensionReason {
  readonly kind: string;
  readonly [name: string]: string;
  /**
   * Only a type: mistyped kinds of the kernel are no reasons of extensions.
   *
   * @internal
   */
  readonly [OF_EXTENSION]: true;
}

/**
 * The cause of a failure for programs, with the names that a hint needs:
 * `{ kind: "version_missing", name }`. Extensions and later releases have other kinds too.
 */
export type Reason = KernelReason | ExtensionReason;

/** @internal */
type ReasonOf<K extends ReasonKind> = Extract<KernelReason, { kind: K }>;

/**
 * A hint for a reason, from its names and the library's own; null keeps the library's own.
 *
 * @internal
 */
type Words<R> = string | null | ((reason: R, hint: string) => string);

/** The hints of an interface for these kinds of the kernel. */
export type HintTable<K extends ReasonKind> = { readonly [R in K]: Words<ReasonOf<R>> };

/** The hints of an interface for everything that a service can send. */
export type ServiceHints = HintTable<keyof typeof SERVICE_REASONS>;

/** Hints by the kind of the reason. */
export type Hints = Readonly<Record<string, Words<never>>>;

/**
 * Kinds of reasons, with the names of what their hints mention.
 *
 * @internal
 */
type ReasonNames = Readonly<Record<string, readonly string[]>>;

/**
 * The reasons of an extension.
 *
 * @internal
 */
export interface Reasons<Names extends ReasonNames> {
  readonly names: Names;
  /** Returns the reason of this kind. */
  of<K extends keyof Names & string>(
    kind: K,
    ...named: Names[K] extends readonly [] ? [] : [{ readonly [D in Names[K][number]]: string }]
  ): ExtensionReason;
  /**
   * Returns the hints of an interface for these reasons. Those for kinds of the kernel replace the
   * hints that the interface has without the extension.
   */
  hints(
    words:
      & { readonly [K in keyof Names]?: Words<{ readonly [D in Names[K][number]]: string }> }
      & Partial<HintTable<ReasonKind>>,
  ): Hints;
}

/** Defines the reasons of an extension: `{ run_missing: ["pipeline"] }`. */
export function defineReasons<const Names extends ReasonNames>(names: Names): Reasons<Names> {
  return {
    names,
    of: (kind, ...[named]) => ({ kind, ...named }) as unknown as ExtensionReason,
    hints: (words) =>
      Object.fromEntries(
        Object.entries<Words<never> | undefined>(words).map(([kind, each = null]) =>
          [kind, wholeHint(each, names[kind] ?? [])] as const
        ),
      ),
  };
}

/** Makes a hint that keeps the library's own if a service left out a name. */
function wholeHint(words: Words<never>, names: readonly string[]): Words<never> {
  if (typeof words !== "function") return words;
  return (reason: Readonly<Record<string, unknown>>, hint) =>
    names.every((name) => typeof reason[name] === "string") ? words(reason as never, hint) : hint;
}

const OTHER_KIND = /^[a-z][a-z0-9_]{0,49}$/;

/**
 * Returns a reason that a service sent, also of its extensions; undefined for one that no service
 * can know, or with too few names.
 */
export function readReason(value: unknown): Reason | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { kind, ...members } = value as Record<string, unknown>;
  if (typeof kind !== "string" || Object.hasOwn(LOCAL_REASONS, kind)) return undefined;
  if (!Object.hasOwn(SERVICE_REASONS, kind)) {
    const isWhole = Object.values(members).every((member) => typeof member === "string");
    return OTHER_KIND.test(kind) && isWhole ? { kind, ...members } as ExtensionReason : undefined;
  }
  const names = SERVICE_REASONS[kind as keyof typeof SERVICE_REASONS];
  if (!names.every((name) => typeof members[name] === "string")) return undefined;
  return { kind, ...Object.fromEntries(names.map((name) => [name, members[name]])) } as Reason;
}
