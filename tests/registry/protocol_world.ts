// A registry over a scripted store in scripted time: what the tests of the commit protocol are
// played in.
import { createMemoryBackend } from "../../backends/memory.ts";
import type { Backend } from "../../core/backend.ts";
import type { FileToSave, Materializer } from "../../core/materializer.ts";
import type { AnyRecord, VersionRecord } from "../../core/record.ts";
import { decodeRecord } from "../../registry/format/record_codec.ts";
import type { OpenOptions, StoredRegistry } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";
import { openRegistry } from "../../mod.ts";
import { createScriptedSystem } from "../support/scripted_system.ts";
import { createScriptedBackend, type ScriptedBackend } from "./scripted_backend.ts";

/** An hour. */
export const HOUR = 3_600_000;
/** The grace of the registries here. */
export const GRACE_MS = 24 * HOUR;

/** The clocks that a test moves. */
export interface Clocks {
  /** The writer's wall clock. */
  wall: number;
  /** The writer's monotonic clock. */
  monotonic: number;
  /** The store's clock. */
  store: number;
}

/** A machine that opened the registry. */
export interface Machine {
  /** Its registry. */
  readonly registry: StoredRegistry;
  /** The store as it sees it. */
  readonly backend: ScriptedBackend;
}

/** What a test is played in. */
export interface ProtocolWorld extends Machine {
  /** The store itself. */
  readonly store: Backend;
  /** The clocks. */
  readonly clocks: Clocks;
  /** What the registry warned of. */
  readonly warnings: string[];
  /** How long each sleep was asked to be, milliseconds. */
  readonly slept: number[];
  /** The machine's own system. */
  readonly system: System;
  /** What happens in each sleep. */
  atSleep?: () => void;
  /** Moves these clocks, or all. */
  advance(ms: number, ...which: (keyof Clocks)[]): void;
  /** Opens the registry on another machine, with the same clocks. */
  open(options?: OpenOptions): Promise<Machine>;
  /** All keys that begin with a prefix. */
  keys(prefix?: string): Promise<string[]>;
  /** The records below a prefix, newest first in each cell. */
  records(prefix: string): Promise<AnyRecord[]>;
  /** The record of a version's newest generation. */
  head(cell: string): Promise<VersionRecord>;
}

/** Makes a world with an open registry; nothing was asked of its store yet. */
export async function createProtocolWorld(options: OpenOptions = {}): Promise<ProtocolWorld> {
  const clocks: Clocks = { wall: Date.UTC(2026, 0, 1), monotonic: 0, store: Date.UTC(2026, 0, 1) };
  const { random, id } = createScriptedSystem();
  const slept: number[] = [];
  const advance: ProtocolWorld["advance"] = (ms, ...which) => {
    for (const clock of which.length === 0 ? ["wall", "monotonic", "store"] as const : which) {
      clocks[clock] += ms;
    }
  };
  const system: System = {
    now: () => clocks.wall,
    monotonic: () => clocks.monotonic,
    random,
    id,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      slept.push(ms);
      advance(ms);
      world.atSleep?.();
      await Promise.resolve();
      signal?.throwIfAborted();
    },
    env: () => undefined,
  };
  const warnings: string[] = [];
  const logger = {
    debug() {},
    info() {},
    warn: (...said: unknown[]) => void warnings.push(said.join(" ")),
    error() {},
  };
  const store = createMemoryBackend({ system: { ...system, now: () => clocks.store } });
  const open: ProtocolWorld["open"] = async (more = {}) => {
    const backend = createScriptedBackend(store);
    const registry = await openRegistry(backend, { system, logger, ...more });
    backend.forget();
    return { registry, backend };
  };
  const keys: ProtocolWorld["keys"] = async (prefix = "") =>
    (await Array.fromAsync(store.list(prefix))).map((entry) =>
      "key" in entry ? entry.key : entry.prefix
    );
  const records: ProtocolWorld["records"] = async (prefix) =>
    await Promise.all(
      (await keys(prefix)).map(async (key) =>
        decodeRecord(await (await store.get(key))!.bytes(), key).record
      ),
    );
  const world: ProtocolWorld = {
    ...await open({ graceMs: GRACE_MS, leastGraceMs: GRACE_MS, ...options }),
    store,
    clocks,
    warnings,
    slept,
    system,
    advance,
    open,
    keys,
    records,
    head: async (cell) => (await records(cell))[0] as VersionRecord,
  };
  return world;
}

type Play = (world: ProtocolWorld) => Promise<void>;

/** A sentence that is played in a world of its own, opened with the options that stand between. */
export function testProtocol(sentence: string, ...how: [OpenOptions, Play] | [Play]): void {
  const [options, play] = how.length === 1 ? [{}, ...how] : how;
  Deno.test(sentence, async () => play(await createProtocolWorld(options)));
}

/** The files of a value, by path. */
export type FileSet = Record<string, FileToSave["content"]> | (() => AsyncIterable<FileToSave>);

/** Saves files as they are, and loads their bytes. */
export const fileSet: Materializer<FileSet> = {
  id: "test/files",
  formatVersion: 1,
  save: (files) =>
    typeof files === "function"
      ? files()
      : Object.entries(files).map(([path, content]) => ({ path, content })),
  load: async (artifact) =>
    Object.fromEntries(
      await Promise.all(artifact.files().map(async (file) => [file.info.path, await file.bytes()])),
    ),
};

/** A file whose content follows from its label, too long to live in a record by default. */
export function filler(label: string, size = 70_000): Uint8Array<ArrayBuffer> {
  const pattern = new TextEncoder().encode(`${label} `);
  return Uint8Array.from({ length: size }, (_, i) => pattern[i % pattern.length]);
}
