// A registry over a scripted store in scripted time, for tests of the commit protocol.
import { createMemoryBackend } from "../../backends/memory.ts";
import type { Backend } from "../../core/backend.ts";
import type { FileToSave, Materializer } from "../../core/materializer.ts";
import type { AnyRecord, VersionRecord } from "../../core/record.ts";
import { decodeRecord } from "../../registry/format/record_codec.ts";
import type { OpenOptions, StoredRegistry } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";
import { openRegistry } from "../../mod.ts";
import { createScriptedSystem } from "../support/scripted_system.ts";
import { slowTest } from "../support/seeds.ts";
import { createScriptedBackend, type ScriptedBackend } from "./scripted_backend.ts";

/** An hour. */
export const HOUR = 3_600_000;
/** The grace period of these registries. */
export const GRACE_MS = 24 * HOUR;

export interface Clocks {
  wall: number;
  monotonic: number;
  store: number;
}

export interface Machine {
  readonly registry: StoredRegistry;
  /** The store as it sees it. */
  readonly backend: ScriptedBackend;
}

/** The world of a test. */
export interface ProtocolWorld extends Machine {
  readonly store: Backend;
  readonly clocks: Clocks;
  /** Warnings of the registry. */
  readonly warnings: string[];
  /** Requested sleeps, milliseconds. */
  readonly slept: number[];
  readonly system: System;
  atSleep?: () => void;
  /** Advances these clocks, or all. */
  advance(ms: number, ...which: (keyof Clocks)[]): void;
  /** Opens the registry on another machine with the same clocks. */
  open(options?: OpenOptions): Promise<Machine>;
  keys(prefix?: string): Promise<string[]>;
  /** Returns the records below a prefix, newest first in each cell. */
  records(prefix: string): Promise<AnyRecord[]>;
  head(cell: string): Promise<VersionRecord>;
}

/** Creates a world with an open registry, before any request. */
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

/** Runs a test in its own world, opened with the options before `play`. */
export function testProtocol(sentence: string, ...how: [OpenOptions, Play] | [Play]): void {
  const [options, play] = how.length === 1 ? [{}, ...how] : how;
  Deno.test(sentence, async () => play(await createProtocolWorld(options)));
}

/** As `testProtocol`, for a test that takes a second: `deno task test` leaves it out. */
export function slowTestProtocol(sentence: string, play: Play): void {
  slowTest(sentence, async () => play(await createProtocolWorld({})));
}

/** The files of a value, by path. */
export type FileSet = Record<string, FileToSave["content"]> | (() => AsyncIterable<FileToSave>);

/** Saves files unchanged, and loads their bytes. */
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

/** A file with content derived from its label, by default too long for a record. */
export function filler(label: string, size = 70_000): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  const { written } = new TextEncoder().encodeInto(`${label} `, bytes);
  for (let end = written; end < size; end *= 2) bytes.copyWithin(end, 0, end);
  return bytes;
}
