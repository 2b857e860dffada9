// The settings cell, which defines a registry. Its first generation is written before anything else
// and stays; later ones change the grace, the rules and the sharing.
import type { Backend, Locking } from "../core/backend.ts";
import { conforming, isNear } from "../core/driver.ts";
import { corrupt, fault, invalid, notFound, type RegistryError } from "../core/errors.ts";
import type { RegistrySettings, RetentionRule } from "../core/record.ts";
import { encodeRecord } from "./format/record_codec.ts";
import type { OpenOptions } from "../core/registry.ts";
import { createRecord } from "./cell/cell.ts";
import { checkGrace, MIN_GRACE_MS } from "./cell/graces.ts";
import type { OpeningStore } from "./cell/store.ts";
import { type FoundRecord, misplaced, readHead, readRecord, recordOfKind } from "./cell/heads.ts";
import { settle } from "./cell/settle.ts";
import { recordKey, SETTINGS } from "./format/layout.ts";
import { startOperation } from "./cell/operation.ts";

const DEFAULT_GRACE_MS = 24 * 60 * 60 * 1000;

interface StoredSettings {
  id: string;
  settings: RegistrySettings;
  rules: readonly RetentionRule[];
  /** Default of the option of `save`, as of now. */
  share: "values" | "bytes" | "files";
  /** Store time, milliseconds. */
  createdAt: number;
  etag?: string;
}

/** Returns the locking of the registry in a folder; undefined if there is none. */
export async function readLocking(
  backend: Backend,
  signal?: AbortSignal,
): Promise<Locking | undefined> {
  const head = await readHead({ backend }, SETTINGS, signal);
  const object = head && await readRecord({ backend }, head, signal);
  return object && recordOfKind(object, "settings").settings.locking;
}

/** Reads the settings of a registry, or creates them, or throws `NotFound`. */
export async function openSettings(
  store: OpeningStore,
  options: OpenOptions,
): Promise<StoredSettings> {
  checkGraces(options);
  const head = await readHead(store, SETTINGS, options.signal);
  const newest = head === undefined
    ? await create(store, options)
    : await readRecord(store, head, options.signal);
  const first = await firstOf(store, newest, options.signal);
  if (newest === undefined || first === undefined) throw damaged(store);
  const record = recordOfKind(first, "settings");
  const now = recordOfKind(newest, "settings");
  if (now.generation > 1 && now.registry !== record.commit) throw misplaced(newest.info.key, now);
  for (const name of ["versioned", "mutable", "graceMs", "leastGraceMs"] as const) {
    const value = options[name];
    const stored = record.settings[name];
    if (value === undefined || value === stored || value === now.settings[name]) continue;
    const state = `${value}: it was created with ${name}: ${stored}`;
    throw invalid("open the registry with", name, state, {
      hint: `Leave ${name} out, or use another registry.`,
      reason: { kind: "settings_differ", option: name },
      backend: store.backend.location,
    });
  }
  checkLocking(store.backend, record.settings);
  // Everything that will be written depends on it.
  if (!options.readOnly) await settle(store, [first.info.key, newest.info.key], options.signal);
  const { modifiedAt: createdAt, etag } = first.info;
  return {
    id: record.commit,
    settings: record.settings,
    rules: now.settings.rules ?? [],
    share: now.settings.share ?? "bytes",
    createdAt,
    ...(etag === undefined ? {} : { etag }),
  };
}

/** Returns the first generation, which defines the id of the registry. */
async function firstOf(store: OpeningStore, newest: FoundRecord | undefined, signal?: AbortSignal) {
  if (newest === undefined || newest.record.generation === 1) return newest;
  return await readRecord(store, recordKey(SETTINGS, 1), signal);
}

async function create(store: OpeningStore, options: OpenOptions): Promise<FoundRecord | undefined> {
  const { backend } = store;
  if (options.create === false || options.readOnly) {
    throw notFound("open the registry at", backend.location, "no registry found", {
      hint: options.readOnly
        ? "Open it without readOnly to create it."
        : "Check the location, or open it with create: true.",
      backend: backend.location,
    });
  }
  checkLayout(backend);
  const { versioned = true, mutable = false } = options;
  checkGraces(store.settings);
  const settings: RegistrySettings = { versioned, mutable, ...store.settings };
  if (backend.disk !== undefined) settings.locking = backend.disk.locking;
  const isKnown = isNear(backend) || conforming.has(backend);
  if (!isKnown) await checkStore(store, options.signal);
  const action = `create the registry at ${backend.location}`;
  const operation = startOperation(store, action, options.signal);
  const key = recordKey(SETTINGS, 1);
  const bytes = encodeRecord({
    ...operation.recordBase(1),
    by: operation.by,
    kind: "settings",
    settings,
  });
  const outcome = await createRecord(store, operation, key, bytes);
  if (!outcome.won) return outcome.found;
  await backend.reserve?.({ signal: options.signal });
  return await readRecord(store, key, options.signal);
}

async function checkStore(store: OpeningStore, signal?: AbortSignal): Promise<void> {
  const { checkStore } = await import("./probe/probe.ts");
  await checkStore(store, { graceMs: store.settings.leastGraceMs, signal });
}

export function gracesOf(options: GivenGraces): OpeningStore["settings"] {
  const { graceMs = DEFAULT_GRACE_MS, leastGraceMs = MIN_GRACE_MS } = options;
  return { graceMs, leastGraceMs };
}

type GivenGraces = Pick<OpenOptions, "graceMs" | "leastGraceMs">;

/** Throws `Invalid` for grace periods that are too short or contradictory. */
export function checkGraces({ graceMs, leastGraceMs }: GivenGraces): void {
  checkGrace(graceMs);
  checkGrace(leastGraceMs, "open a registry with", "leastGraceMs");
  // With one of them, the stored settings decide.
  if (graceMs === undefined || leastGraceMs === undefined || leastGraceMs <= graceMs) return;
  const state = `leastGraceMs (${leastGraceMs}) exceeds graceMs (${graceMs})`;
  const hint = "Lower leastGraceMs: graceMs can never be set below it.";
  throw fault({ code: "Invalid", action: "open a registry", state, hint });
}

/** Throws `Invalid` for files copied from another kind of store, or another way of locking. */
function checkLocking(backend: Backend, { locking }: RegistrySettings): void {
  const { disk, location } = backend;
  if (disk?.locking !== locking) {
    const isOfDisk = locking !== undefined && disk !== undefined;
    const state = isOfDisk
      ? `it uses locking "${locking}", but this backend uses "${disk.locking}"`
      : "its files were copied from another kind of store";
    throw invalid("open the registry at", location, state, {
      ...isOfDisk
        ? {
          hint: `Pass locking: "${locking}", or pass the path to openRegistry without locking.`,
          reason: { kind: "locking_differs" },
        }
        : { hint: "Open the original registry and mirror it into a new one here." },
      backend: location,
    });
  }
  checkLayout(backend);
}

/** A registry in a folder is always folded, as opening it by path expects. */
function checkLayout({ kind, location, disk }: Backend): void {
  if (kind !== "local" || disk?.layout === "folded") return;
  const state = `the layout of this backend is ${
    disk === undefined ? "unknown" : `"${disk.layout}"`
  }`;
  const hint = "Omit the option layout. If you wrap a folder's backend, copy its `disk`.";
  throw invalid("open the registry at", location, state, { hint, backend: location });
}

function damaged(store: OpeningStore): RegistryError {
  const state = "its settings vanished while they were read";
  return corrupt("open the registry at", store.backend.location, state, {
    hint: "Find the program that deletes files there, and restore the settings from a backup.",
    backend: store.backend.location,
  });
}
