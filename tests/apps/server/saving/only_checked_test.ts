// Saves that are only checked. Whatever options they have, they change nothing: no object of the
// store, no note in the cache, and they publish no event.
import { assertEquals, assertRejects } from "@std/assert";
import { openHttpRegistry } from "../../../../apps/client.ts";
import { createHandler } from "../../../../apps/server.ts";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { type Backend, isPrefix } from "../../../../core/backend.ts";
import {
  type CheckedOptions,
  ONLY_CHECKED,
  type SaveOptions,
} from "../../../../core/registry/operations/saving.ts";
import { nextTurn } from "../../../../core/work/next_turn.ts";
import { createMaterializers } from "../../../../materializers/mod.ts";
import { openRegistry, type Registry, RegistryError } from "../../../../mod.ts";
import { changeRules } from "../../../../extensions/maintenance/mod.ts";
import { fileSet } from "../../../registry/protocol_world.ts";
import { noise } from "../../../registry/registries.ts";
import { ADDRESS } from "../../client/service.ts";

const MIB = 2 ** 20;

type Option = keyof Omit<Required<SaveOptions>, "as" | "onProgress" | "signal">;

/** Values of each option of `save`. A new option has to be added here. */
const OPTIONS: Record<Option, unknown[]> = {
  version: ["1", "2", "7"],
  bump: ["major"],
  onConflict: ["skip", "overwrite"],
  ifCommit: ["another"],
  base: ["a@1"],
  share: ["none"],
  skipIfUnchanged: [true],
  idempotencyKey: ["used", "found", "new"],
  alias: ["now", ["now", "then"]],
  metadata: [{ by: "hand" }],
  inputs: [["other@1"]],
  compress: ["gzip"],
};

/** Saves that end in different ways. */
const SAVES: Record<string, unknown>[] = [
  {},
  { version: "1", onConflict: "skip" },
  { version: "1", onConflict: "skip", idempotencyKey: "new" },
  { idempotencyKey: "used" },
  { skipIfUnchanged: true, idempotencyKey: "found" },
];

/** Yields all these saves with an alias, and with each further option. */
function* requests(): Generator<Record<string, unknown>> {
  for (const save of SAVES) {
    yield { alias: "now", ...save };
    for (const [name, values] of Object.entries(OPTIONS)) {
      for (const value of values) yield { alias: "now", ...save, [name]: value };
    }
  }
}

interface World {
  registry: Registry;
  events: string[];
  /** Returns what the store has, and the notes of the cache. */
  stored(): Promise<string[]>;
}

/** Opens a registry with versions, used keys, and the note of an interrupted save of `a`. */
async function openWorld(): Promise<World> {
  const inner = createMemoryBackend(), notes = createMemoryBackend();
  const stop = new AbortController();
  let isStopping = false;
  const backend: Backend = { // with a note: it copies objects, and is not near
    ...inner,
    kind: "s3",
    copy: () => Promise.reject(new Error("not needed")),
    async put(key, ...given) {
      const result = await inner.put(key, ...given);
      if (isStopping && key.startsWith("objects/a/")) stop.abort(new Error("interrupted"));
      return result;
    },
  };
  const events: string[] = [];
  const publish = (topic: string) => Promise.resolve(void events.push(topic));
  const registry = await openRegistry(backend, {
    mutable: true,
    cache: { backend: notes },
    events: { publish },
  });
  await registry.save("other", 1);
  await registry.save("a", 1, { version: "1", alias: "then", idempotencyKey: "used" });
  await registry.save("a", 2);
  await registry.save("a", 1, { version: "1", onConflict: "skip", idempotencyKey: "found" });
  const known = new Set(await keysOf(notes));
  isStopping = true;
  const value = Object.fromEntries([1, 2, 3].map((n) => [`${n}`, noise(MIB, n)]));
  const saving = registry.save("a", value, { as: fileSet, signal: stop.signal });
  await assertRejects(() => saving, Error, "interrupted");
  isStopping = false;
  const noted = (await keysOf(notes)).filter((key) => !known.has(key));
  assertEquals(noted.length > 0, true);
  await nextTurn(); // the events of these saves
  events.length = 0;
  const stored = async () => {
    const found: string[] = [];
    for await (const entry of inner.list("")) found.push(JSON.stringify(entry));
    for (const key of noted) found.push(`${key} ${(await notes.head(key))?.size}`);
    return found;
  };
  return { registry, events, stored };
}

function keysOf(store: Backend): Promise<string[]> {
  return Array.fromAsync(store.list(""), (entry) => isPrefix(entry) ? entry.prefix : entry.key);
}

type Check = (options: Record<string, unknown>) => Promise<unknown>;

function failing(): never {
  throw new Error("it was read");
}

const unread = {
  id: "bytes",
  formatVersion: 1,
  accepts: () => false,
  save: () => [{ path: "content", content: { size: 2 ** 40, stream: failing } }],
  load: () => undefined,
};

function post(handler: (request: Request) => Promise<Response>): Check {
  return async (options) => {
    const { as: _, ...json } = options;
    const body = JSON.stringify({ materializer: { id: "bytes", formatVersion: 1 }, ...json });
    const headers = { "content-type": "application/json" };
    const url = `${ADDRESS}/artifacts/a/versions`;
    const answer = await handler(new Request(url, { method: "POST", headers, body }));
    await answer.body?.cancel();
    return answer.status;
  };
}

/** The entry points that have a save that is only checked. */
const ENTRY_POINTS: Record<string, (registry: Registry) => Promise<Check> | Check> = {
  "the library": (registry) => async (options) => {
    const only: SaveOptions & CheckedOptions = { ...options, as: unread, [ONLY_CHECKED]: true };
    await registry.save("a", undefined, only).catch(() => {});
  },
  "a service": (registry) => post(createHandler(registry)),
  "a service of a service": async (registry) => {
    const fetch = createHandler(registry);
    const materializers = createMaterializers();
    return post(createHandler(await openHttpRegistry(ADDRESS, { fetch, materializers })));
  },
};

for (const [title, open] of Object.entries(ENTRY_POINTS)) {
  Deno.test(`a save that is only checked has no effects: ${title}`, async () => {
    const { registry, events, stored } = await openWorld();
    const before = await stored();
    const check = await open(registry);
    const statuses = new Set<unknown>();
    for (const options of requests()) {
      statuses.add(await check(options));
      assertEquals(await stored(), before, JSON.stringify(options));
    }
    await nextTurn();
    assertEquals(events, []);
    if (title === "a service") assertEquals([...statuses].sort(), [204, 400, 409, 412]);
    await registry.close();
  });
}

Deno.test("a save that sets a protected alias is refused before its files are sent", async () => {
  const behind = await openRegistry("memory:");
  await changeRules(behind, { set: { pattern: "a", protectAliases: ["now"] } });
  const handler = createHandler(behind);
  const asked: string[] = [];
  const fetch = (request: Request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    return handler(request);
  };
  const registry = await openHttpRegistry(ADDRESS, { fetch, materializers: createMaterializers() });
  const saving = () => registry.save("a", noise(9 * MIB), { alias: "now" });
  assertEquals((await assertRejects(saving, RegistryError)).code, "Conflict");
  assertEquals(asked.at(-1), "POST /artifacts/a/versions");
  assertEquals(asked.filter((each) => each.includes("uploads")), []);
  for (const each of [registry, handler, behind]) await each.close();
});
