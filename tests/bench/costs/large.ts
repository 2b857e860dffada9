// Requests in registries that are too large to be made: their listings are generated.
import { createMemoryBackend, openRegistry, readRegistryLog } from "../../../mod.ts";
import type { VersionRecord } from "../../../core/record.ts";
import { realSystem } from "../../../core/system.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { wrapBackend } from "../../../core/work/wrap_backend.ts";
import { prune } from "../../../extensions/maintenance/pruning/mod.ts";
import { decodeRecord } from "../../../registry/format/record_codec.ts";
import { createScriptedSystem, type ScriptedSystem } from "../../support/scripted_system.ts";
import type { Backend } from "../../../core/backend.ts";
import { withCounts } from "../counted_backend.ts";
import { type GeneratedSize, nameAt, withGenerated } from "./generated_backend.ts";

export { nameAt };

const DAY = 24 * 60 * 60_000;

type Requests = Readonly<Record<string, number>>;
type Operation = (registry: StoredRegistry, name: string) => Promise<unknown>;

/** Operations on one name, or that show the first of many. */
export const OF_NAME: Readonly<Record<string, Operation>> = {
  "save the next version": (registry, name) => registry.save(name, 1),
  "save an explicit version": (registry, name) => registry.save(name, 1, { version: "0.0.1" }),
  "load by version": (registry, name) => registry.load(`${name}@1.0.0`),
  "load the latest": (registry, name) => registry.load(name),
  "load by range": (registry, name) => registry.load(`${name}@>=1`),
  "load by range, far below the newest": (registry, name) => registry.load(`${name}@^1`),
  "info": (registry, name) => registry.info(`${name}@1.0.0`),
  "set an alias": (registry, name) => registry.setAlias(name, "production", "1.0.0"),
  "the newest 50 versions": (registry, name) => all(registry.versions(name, { limit: 50 })),
  "50 versions below another": (registry, name) =>
    all(registry.versions(name, { after: "500.0.0", limit: 50 })),
  "the versions in a range": (registry, name) => all(registry.versions(name, { range: "1.x" })),
  "the deleted versions in a range": (registry, name) =>
    all(registry.versions(name, { range: "1.x", deleted: true })),
  "the first 50 names": (registry) => all(registry.names({ limit: 50 })),
};

/** Operations on all names. */
export const OF_ALL: Readonly<Record<string, Operation>> = {
  "all names": (registry) => all(registry.names()),
  "`log --all`, the newest 50": (registry) => all(readRegistryLog(registry, { limit: 50 })),
  "`prune`, nothing to delete": (registry) => prune(registry, { keepLast: 10 ** 9 }),
};

/** Counts operations in a registry of so many names with so many versions. */
export async function countLarge(
  { names, versions }: { names: number; versions: number },
  operations: Readonly<Record<string, Operation>>,
): Promise<Record<string, Requests>> {
  const { backend: generated, system } = await createGenerated({ names, versions });
  const counted: Record<string, Requests> = {};
  for (const [title, run] of Object.entries(operations)) {
    const { backend, calls } = withCounts(generated);
    await using registry = await openRegistry(backend, { system });
    calls.take();
    await run(registry, nameAt(Math.floor(names / 2)));
    counted[title] = { ...calls.counts };
  }
  return counted;
}

/** Returns a store with so many names with so many versions, and its time. */
export async function createGenerated(
  { names, versions, metadataOf }: {
    names: number;
    versions: number;
    /** @default none */
    metadataOf?: (index: number) => VersionRecord["metadata"];
  },
): Promise<{ backend: Backend; system: ScriptedSystem }> {
  const example = await exampleRecord();
  const endsAt = Date.UTC(2026, 0, 1);
  // The registry is older than its records.
  const system = createScriptedSystem({ startAt: endsAt - names * versions * 1000 - DAY });
  const memory = createMemoryBackend({ system });
  await (await openRegistry(memory, { system }))[Symbol.asyncDispose]();
  system.setWallClock(endsAt + DAY);
  const parts = { ...example, system, metadataOf };
  return { backend: withGenerated(memory, { names, versions, endsAt }, parts), system };
}

/** Adds generated names to a store of which nothing else is listed as a name. */
export async function generateOver(inner: Backend, size: GeneratedSize): Promise<Backend> {
  const withoutNames = wrapBackend(inner, {
    async *list(prefix, options) {
      if (!prefix.startsWith("names/") && !prefix.startsWith("objects/")) {
        yield* inner.list(prefix, options);
      }
    },
  });
  return withGenerated(withoutNames, size, { ...await exampleRecord(), system: realSystem });
}

async function exampleRecord(): Promise<{ example: VersionRecord; inline: Uint8Array }> {
  const backend = createMemoryBackend();
  await using registry = await openRegistry(backend);
  await registry.save("example", 1);
  for await (const entry of backend.list("names/")) {
    if (!("key" in entry)) continue;
    const bytes = await (await backend.get(entry.key))!.bytes();
    const { record, inline } = decodeRecord(bytes, entry.key);
    return { example: record as VersionRecord, inline };
  }
  throw new Error("Cannot make an example: nothing was saved");
}

async function all(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}
