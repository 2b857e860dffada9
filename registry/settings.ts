// The settings cell: what a registry is. Its first generation is written before anything else, and
// stays what the registry is; later ones say another grace.
import type { Backend, Locking } from "../core/backend.ts";
import { fault, type RegistryError } from "../core/errors.ts";
import type { RegistrySettings } from "../core/record.ts";
import { encodeRecord } from "./format/record_codec.ts";
import type { OpenOptions } from "../core/registry.ts";
import { createRecord } from "./cell/cell.ts";
import { checkGrace, MIN_GRACE_MS } from "./cell/graces.ts";
import type { OpeningStore } from "./cell/store.ts";
import { type FoundRecord, misplaced, readHead, readRecord, recordOfKind } from "./cell/heads.ts";
import { settle } from "./cell/settle.ts";
import { NAMES, recordKey, SETTINGS } from "./format/layout.ts";
import { markNew } from "./operations/lineage/marker.ts";
import { startOperation } from "./cell/operation.ts";

/** Default of `graceMs`: 24 hours. */
const DEFAULT_GRACE_MS = 24 * 60 * 60 * 1000;

/** Of their backends the conformance of each release is known, on every disk: nothing is to be found out. */
const KNOWN_KINDS: readonly string[] = ["memory", "local"];

/** The settings as the command line calls them. */
const FLAGS: Readonly<Record<string, string>> = {
  versioned: "--unversioned",
  mutable: "--mutable",
  graceMs: "--grace, which holdfast settings changes",
};

export interface StoredSettings {
  id: string;
  settings: RegistrySettings;
  /** When they landed, store time, milliseconds. */
  createdAt: number;
  etag?: string;
}

/** How the registry in a folder commits, before it is opened; undefined where there is none yet. */
export async function readLocking(
  backend: Backend,
  signal?: AbortSignal,
): Promise<Locking | undefined> {
  const head = await readHead({ backend }, SETTINGS, signal);
  const found = head && await readRecord({ backend }, head, signal);
  return found && recordOfKind(found, "settings").settings.locking;
}

/** Reads the settings of a registry; where there are none, creates it, or throws `NotFound`. */
export async function openSettings(
  store: OpeningStore,
  options: OpenOptions,
): Promise<StoredSettings> {
  checkGraces(options);
  const head = await readHead(store, SETTINGS, options.signal);
  const newest = head === undefined
    ? await create(store, options)
    : await readRecord(store, head, options.signal);
  const found = await firstOf(store, newest, options.signal);
  if (newest === undefined || found === undefined) throw damaged(store);
  const record = recordOfKind(found, "settings");
  const now = recordOfKind(newest, "settings");
  if (now.generation > 1 && now.registry !== record.commit) throw misplaced(newest.info.key, now);
  for (const name of ["versioned", "mutable", "graceMs", "leastGraceMs"] as const) {
    const given = options[name];
    const stored = record.settings[name];
    if (given === undefined || given === stored || given === now.settings[name]) continue;
    throw fault({
      code: "Invalid",
      action: "open the registry with",
      subject: name,
      state: `${given}: it was created with ${name}: ${stored}`,
      hint: `Leave ${name} out, or use another registry.`,
      hints: { cli: `Leave out ${FLAGS[name] ?? name}, or use another registry.` },
      backend: store.backend.location,
    });
  }
  checkLocking(store.backend, record.settings);
  if (!options.readOnly) await settle(store, [found.info.key, newest.info.key], options.signal); // all that will be written rests on it
  const { modifiedAt: createdAt, etag } = found.info;
  return {
    id: record.commit,
    settings: record.settings,
    createdAt,
    ...(etag === undefined ? {} : { etag }),
  };
}

/** The first generation of the settings: the registry's id, and when it was created here. */
async function firstOf(
  store: OpeningStore,
  newest: FoundRecord | undefined,
  signal?: AbortSignal,
) {
  if (newest === undefined || newest.record.generation === 1) return newest;
  return await readRecord(store, recordKey(SETTINGS, 1), signal);
}

async function create(
  store: OpeningStore,
  options: OpenOptions,
): Promise<FoundRecord | undefined> {
  const { backend } = store;
  if (options.create === false || options.readOnly) {
    throw fault({
      code: "NotFound",
      action: "open the registry at",
      subject: backend.location,
      state: "there is none",
      hint: options.readOnly
        ? "Open it without readOnly to create it."
        : "Check the address, or open it with create: true.",
      backend: backend.location,
    });
  }
  checkLayout(backend);
  const { versioned = true, mutable = false } = options;
  checkGraces(store.settings);
  const settings: RegistrySettings = { versioned, mutable, ...store.settings };
  if (backend.locking !== undefined) settings.locking = backend.locking;
  if (!KNOWN_KINDS.includes(backend.kind)) await checkStore(store, options.signal);
  const isEmpty = await hasNoNames(store, options.signal);
  const operation = startOperation(
    store,
    `create the registry at ${backend.location}`,
    options.signal,
  );
  const key = recordKey(SETTINGS, 1);
  const bytes = encodeRecord({
    ...operation.recordBase(1),
    kind: "settings",
    settings,
  });
  const outcome = await createRecord(store, operation, key, bytes);
  if (!outcome.won) return outcome.found;
  await backend.reserve?.({ signal: options.signal });
  const found = await readRecord(store, key, options.signal);
  if (found !== undefined && isEmpty) {
    await markNew({ ...store, id: operation.commit, createdAt: found.info.modifiedAt }, options);
  }
  return found;
}

/** Whether no record is there whose inputs might not be noted: settings may have been lost. */
async function hasNoNames({ backend }: OpeningStore, signal?: AbortSignal): Promise<boolean> {
  for await (const _ of backend.list(NAMES, { limit: 1, signal })) return false;
  return true;
}

async function checkStore(store: OpeningStore, signal?: AbortSignal): Promise<void> {
  const { checkStore } = await import("./maintenance/probe/probe.ts");
  await checkStore(store, { graceMs: store.settings.leastGraceMs, signal });
}

export function gracesOf(
  { graceMs = DEFAULT_GRACE_MS, leastGraceMs = MIN_GRACE_MS }: GivenGraces,
): OpeningStore["settings"] {
  return { graceMs, leastGraceMs };
}

type GivenGraces = Pick<OpenOptions, "graceMs" | "leastGraceMs">;

/** Throws `Invalid` for graces that readers and slow writers could not rely on. */
export function checkGraces({ graceMs, leastGraceMs }: GivenGraces): void {
  checkGrace(graceMs);
  checkGrace(leastGraceMs, "open a registry with", "leastGraceMs");
  if (graceMs === undefined || leastGraceMs === undefined || leastGraceMs <= graceMs) return; // else as it is stored
  throw fault({
    code: "Invalid",
    action: "open a registry with leastGraceMs",
    state: `${leastGraceMs}: it is more than graceMs`,
    hint: "graceMs is what counts now; leastGraceMs is what it may be lowered to.",
  });
}

/** Refuses files that were copied here from another kind of store, and a store that commits in another way. */
function checkLocking(backend: Backend, { locking }: RegistrySettings): void {
  if (backend.locking !== locking) {
    const isOfDisk = locking !== undefined && backend.locking !== undefined;
    throw fault({
      code: "Invalid",
      action: "open the registry at",
      subject: backend.location,
      state: isOfDisk
        ? `it commits by "${locking}", this backend by "${backend.locking}"`
        : "its files were copied here from another kind of store",
      ...isOfDisk
        ? {
          hint: `Pass locking: "${locking}", or leave it out and give openRegistry the path.`,
          hints: { cli: "Leave out --locking, or use another registry." },
        }
        : { hint: "Open it where it was, and mirror it into a new registry here." },
      backend: backend.location,
    });
  }
  checkLayout(backend);
}

/** A registry in a folder is always folded: one that is opened by its path is looked for so. */
function checkLayout({ kind, location, layout }: Backend): void {
  if (kind !== "local" || layout === "folded") return;
  throw fault({
    code: "Invalid",
    action: "open the registry at",
    subject: location,
    state: `the layout of this backend is ${layout === undefined ? "unknown" : `"${layout}"`}`,
    hint:
      "Leave out the layout; what wraps a backend of a folder passes on its layout and locking.",
    backend: location,
  });
}

function damaged(store: OpeningStore): RegistryError {
  return fault({
    code: "Corrupt",
    action: "open the registry at",
    subject: store.backend.location,
    state: "its settings vanished while they were read",
    hint: "Something else deletes files there.",
    backend: store.backend.location,
  });
}
