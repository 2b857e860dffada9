// Cases of the suite for registries, and helpers that most of them use.
import { match, ok, rejects, strictEqual } from "node:assert/strict";
import { type ErrorCode, isRegistryError, type RegistryError } from "../../../core/errors.ts";
import { defineMaterializer, type Materializer } from "../../../core/materializer.ts";
import type { Registry, SavedArtifact } from "../../../core/registry.ts";
import { sampleBytes } from "../backend/samples.ts";

/**
 * Features that a registry may lack, and why:
 *
 * - `save`: a view shows what others save. Writes are then `Denied` or `Unsupported`.
 * - `mutable`: some systems never change a version.
 * - `unversioned`: some systems have no names without versions.
 * - `download`: a browser has no disk. It is then `Unsupported`.
 * - `readOnly`: a read-only registry needs no option for it.
 * - `annotations`: only stores and services keep notes and labels.
 */
export type RegistryFeature =
  | "save"
  | "mutable"
  | "unversioned"
  | "download"
  | "readOnly"
  | "annotations";

/** How a registry of a case is created. */
export interface RegistryToOpen {
  versioned: boolean;
  mutable: boolean;
}

/** A registry to be tested. */
export interface RegistryUnderTest {
  registry: Registry;
  /** Saves what the registry shows, under the same names. The suite closes it. @default the registry itself */
  writer?: Registry;
  /**
   * Damages the stored data of a version, so that it is listed but cannot be read. Without it, the
   * suite does not test how damage is reported.
   */
  damage?(name: string, version: string): Promise<void>;
  reopen(options: { readOnly: boolean }): Promise<Registry>;
}

/** The registry that a case tests. */
export interface RegistryContext {
  readonly registry: Registry;
  readonly writer: Registry;
  readonly damage?: RegistryUnderTest["damage"];
  reopen(options?: { readOnly?: boolean }): Promise<Registry>;
}

/** One sentence of the contract, and its test. */
export interface RegistryCase {
  readonly name: string;
  /** The features that it is about. @default none */
  readonly needs?: readonly RegistryFeature[];
  /** How the registry is created. @default with versions that are never overwritten */
  readonly settings?: Partial<RegistryToOpen>;
  /** Throws if the registry breaks it. */
  run(context: RegistryContext): Promise<void>;
}

/**
 * Fails unless the action is refused with one of these codes, a message that names the action and
 * the problem, and a hint with the fix.
 */
export async function refused(
  codes: ErrorCode | ErrorCode[],
  action: Promise<unknown>,
): Promise<RegistryError> {
  let thrown: unknown;
  await rejects(action, (error) => {
    thrown = error;
    return true;
  });
  if (!isRegistryError(thrown, ...[codes].flat())) throw thrown;
  match(thrown.message, /^[A-Z].*: \S/s);
  ok(thrown.hint !== undefined && thrown.hint.length > 8, `no hint beside: ${thrown.message}`);
  return thrown;
}

/** Fails unless the promise fails with this very thing. */
export async function throwsSame(action: Promise<unknown>, expected: unknown): Promise<void> {
  await rejects(action, (error) => {
    strictEqual(error, expected);
    return true;
  });
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  return await Array.fromAsync(items);
}

/** Returns the aliases of a name as a record. */
export async function aliasesOf(
  registry: Registry,
  ...args: Parameters<Registry["aliases"]>
): Promise<Record<string, string>> {
  const entries = await collect(registry.aliases(...args));
  return Object.fromEntries(entries.map(({ alias, version }) => [alias, version]));
}

export async function versionsOf(
  registry: Registry,
  name: string,
  range?: string,
): Promise<string[]> {
  return (await collect(registry.versions(name, { range }))).map(({ version }) => version);
}

/** Bytes that do not compress, the same for the same seed. */
export const noise: typeof sampleBytes = sampleBytes;

/** Encodes a string as UTF-8. */
export function text(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(value);
}

/** A stream of so many chunks of 100,000 bytes, the n-th of them `noise(100_000, n)`, then a failure or the end. */
export function chunks(count: number, failure?: Error): ReadableStream<Uint8Array> {
  let given = 0;
  return new ReadableStream({
    pull(controller) {
      if (given < count) controller.enqueue(noise(100_000, ++given));
      else if (failure === undefined) controller.close();
      else controller.error(failure);
    },
  });
}

/** Saves files by their paths; what saved them is registered nowhere. */
export const files: Materializer<Record<string, Uint8Array>> = defineMaterializer<
  Record<string, Uint8Array>
>({
  id: "test/files",
  save: (value) => Object.entries(value).map(([path, content]) => ({ path, content })),
  load: async (artifact) => {
    const entries = artifact.files().map(async (file) =>
      [file.info.path, await file.bytes()] as const
    );
    return Object.fromEntries(await Promise.all(entries));
  },
});

/** Returns a saved artifact without `addedBytes`: a repeat adds nothing, and some registries do not report it. */
export function identityOf(
  { addedBytes: _, ...saved }: SavedArtifact,
): Omit<SavedArtifact, "addedBytes"> {
  return saved;
}
