// Reads by an alias: how many requests they take, and what they see of changes between them.
import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend, ObjectInfo, Prefix } from "../../../core/backend.ts";
import type { OpenOptions, StoredRegistry } from "../../../core/registry.ts";
import { wrapBackend, wrapCalls } from "../../../core/work/wrap_backend.ts";
import { openRegistry } from "../../../mod.ts";
import { contextOf } from "../../../registry/operations/context.ts";
import { annotate } from "../../../registry/mod.ts";
import { withCounts } from "../../bench/counted_backend.ts";
import { rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";

async function aliased(backend: Backend, options?: OpenOptions): Promise<StoredRegistry> {
  const registry = await openRegistry(backend, options);
  for (const value of [1, 2, 3]) await registry.save("a", value, { idempotencyKey: `${value}` });
  await annotate(registry, "a@2", { notes: "good" });
  for (const version of ["1", "3", "2"]) await registry.setAlias("a", "production", version);
  await registry.setAlias("a", "production-next", "3");
  return registry;
}

/** Returns the requests of a call in a registry that was just opened. */
async function requestsOf(
  store: Backend,
  call: (registry: StoredRegistry) => Promise<unknown>,
): Promise<string> {
  const { backend, calls } = withCounts(store);
  const registry = await openRegistry(backend, { create: false });
  calls.take();
  await call(registry);
  return calls.take();
}

Deno.test("a read by an alias takes one list and two gets", async () => {
  const store = createMemoryBackend();
  await aliased(store);
  for (const verb of ["load", "info", "open", "has"] as const) {
    const call = (registry: StoredRegistry) => registry[verb]("a@production");
    assertEquals(await requestsOf(store, call), "list 1, get 2", verb);
  }
  const missing = (registry: StoredRegistry) => registry.has("a@canary");
  assertEquals(await requestsOf(store, missing), "list 1");
});

Deno.test("an alias of a name with many records takes two lists and two gets, each time", async () => {
  const store = createMemoryBackend();
  const registry = await aliased(store);
  for (let n = 0; n < 300; n++) await registry.save("a", n, { idempotencyKey: `more ${n}` });
  const { backend, calls } = withCounts(store);
  const reader = await openRegistry(backend, { create: false });
  calls.take();
  for (let n = 0; n < 2; n++) {
    assertEquals(await reader.load("a@production"), 2);
    assertEquals(calls.take(), "list 2, get 2");
  }
});

Deno.test("a process remembers at most 10,000 aliases of names with many records", async () => {
  const store = createMemoryBackend();
  const registry = await aliased(store);
  for (let n = 0; n < 200; n++) await registry.save("a", n, { idempotencyKey: `more ${n}` });
  const reader = await openRegistry(store, { create: false });
  const { farAliases } = contextOf(reader, "test");
  for (let n = 0; n < 10_000; n++) farAliases.add(`names/n${n}/aliases/production/`);
  assertEquals(await reader.load("a@production"), 2);
  assertEquals([...farAliases], ["names/a/aliases/production/"]);
});

Deno.test("a mutable registry lists a version after its alias was read", async () => {
  const store = createMemoryBackend();
  await aliased(store, { mutable: true });
  const call = (registry: StoredRegistry) => registry.load("a@production");
  assertEquals(await requestsOf(store, call), "list 2, get 2");
});

/** Changes of "a", whose alias names version 2 before; and what may be read if they happen meanwhile. */
const CHANGES: Record<string, { change(writer: StoredRegistry): Promise<unknown>; may: number[] }> =
  {
    "moves to a version that exists": {
      change: (writer) => writer.setAlias("a", "production", "3"),
      may: [2, 3],
    },
    "moves to a new version, and the old one is deleted": {
      async change(writer) {
        await writer.save("a", 4);
        await writer.setAlias("a", "production", "4");
        await writer.delete("a@2");
      },
      may: [2, 4],
    },
    "moves to a restored version, and the old one is deleted": {
      async change(writer) {
        await writer.undelete("a@1");
        await writer.setAlias("a", "production", "1");
        await writer.delete("a@2");
      },
      may: [2, 1],
    },
    "names a version that is deleted and restored": {
      async change(writer) {
        await writer.delete("a@2", { force: true });
        await writer.undelete("a@2");
      },
      may: [2],
    },
    "is deleted and set again": {
      async change(writer) {
        await writer.deleteAlias("a", "production");
        await writer.setAlias("a", "production", "3");
      },
      may: [2, 3],
    },
  };

/** A store that reads the keys of a list from its end: `between` runs before it reads those of aliases. */
function listingBackwards(inner: Backend, between: () => Promise<unknown>): Backend {
  return wrapBackend(inner, {
    async *list(prefix, options) {
      if (!prefix.startsWith("names/")) return yield* inner.list(prefix, options);
      const entries: (ObjectInfo | Prefix)[] = [];
      const keyOf = (entry: ObjectInfo | Prefix) => "prefix" in entry ? entry.prefix : entry.key;
      for (const step of ["/versions/", "/aliases/"]) {
        if (step === "/aliases/") await between();
        for await (const entry of inner.list(prefix, options)) {
          if (keyOf(entry).includes(step)) entries.push(entry);
        }
      }
      yield* entries.sort((a, b) => keyOf(a) < keyOf(b) ? -1 : 1);
    },
  });
}

/** When the changes happen: before the first call of this kind. */
const MOMENTS: Record<string, (inner: Backend, once: () => Promise<unknown>) => Backend> = {
  "before the alias is read": (inner, once) =>
    withHooks(inner, {
      before: async ({ verb, key }) =>
        void (verb === "get" && key.includes("/aliases/") && await once()),
    }),
  "before the version is read": (inner, once) =>
    withHooks(inner, {
      before: async ({ verb, key }) =>
        void (verb === "get" && key.includes("/versions/") && await once()),
    }),
  "while its keys are listed, from the end": listingBackwards,
  "between pages of three keys": (inner, once) =>
    wrapCalls(inner, async ({ method }, act) => {
      const result = await act(undefined);
      if (method === "list") await once();
      return result;
    }, { pageEntries: 3 }),
};

for (const [what, { change, may }] of Object.entries(CHANGES)) {
  Deno.test(`a reader finds an alias that ${what} meanwhile`, async () => {
    for (const [moment, view] of Object.entries(MOMENTS)) {
      const backend = createMemoryBackend();
      const writer = await aliased(backend);
      await writer.delete("a@1");
      let armed = false;
      const once = async () => {
        if (!armed) return;
        armed = false;
        await change(writer);
      };
      const reader = await openRegistry(view(backend, once), { create: false });
      armed = true;
      const read = await reader.load("a@production") as number;
      assertEquals([moment, armed, may.includes(read)], [moment, false, true], `${read}`);
      // A later read sees all of it.
      assertEquals(await reader.load("a@production"), await writer.load("a@production"), moment);
    }
  });
}

Deno.test("an alias set to an overwritten version never leads to the content before", async () => {
  for (const [moment, view] of Object.entries(MOMENTS)) {
    const backend = createMemoryBackend();
    const writer = await aliased(backend, { mutable: true });
    let armed = false;
    const once = async () => {
      if (!armed) return;
      armed = false;
      await writer.save("a", 30, { version: "3", onConflict: "overwrite" });
      await writer.setAlias("a", "production", "3");
    };
    const reader = await openRegistry(view(backend, once), { create: false });
    armed = true;
    const read = await reader.load("a@production") as number;
    assertEquals([moment, armed, [2, 30].includes(read)], [moment, false, true], `${read}`);
  }
});

Deno.test("an alias whose version was deleted by force is not found, whatever was listed before", async () => {
  for (const [moment, view] of Object.entries(MOMENTS)) {
    const backend = createMemoryBackend();
    const writer = await aliased(backend);
    await writer.delete("a@2", { force: true });
    const reader = await openRegistry(view(backend, () => Promise.resolve()), { create: false });
    const { message } = await rejected("NotFound", reader.load("a@production"));
    assertEquals(message.includes("which was deleted"), true, `${moment}: ${message}`);
  }
});

Deno.test("a foreign file before the records of an alias or a version is skipped", async () => {
  const backend = createMemoryBackend();
  const writer = await aliased(backend);
  const bytes = new TextEncoder().encode("not mine");
  await backend.put("names/a/aliases/production/0.txt", bytes);
  for await (const entry of backend.list("names/a/versions/")) {
    const { key } = entry as ObjectInfo;
    await backend.put(`${key.slice(0, key.lastIndexOf("/"))}/0.txt`, bytes);
  }
  assertEquals(await writer.load("a@production"), 2);
});
