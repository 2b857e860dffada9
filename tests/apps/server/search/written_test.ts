// A search has everything that its own service wrote before, however old its index is.
import { assertEquals, assertRejects } from "@std/assert";
import { createCheckedHandler } from "../checked_handler.ts";
import {
  createMemoryBackend,
  openRegistry,
  type Registry,
  RegistryError,
  saveMany,
} from "../../../../mod.ts";
import { WrittenNames } from "../../../../apps/server/memory/written_names.ts";
import { SearchIndexReader } from "../../../../apps/server/search/search_index.ts";
import { unavailable } from "../../../../core/errors.ts";
import { realSystem } from "../../../../core/system.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { createSearched, openIndex } from "./open_index.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";

type Ask = (at: string, json?: unknown) => Promise<unknown>;

/** Calls `use` with a service whose index was read, as it is after the first search. */
async function afterSearch(use: (ask: Ask, registry: Registry) => Promise<void>): Promise<void> {
  await using registry = await openRegistry("memory:");
  await saveMany(registry, ["a", "b:c", "z"].map((name) => ({ name, value: 1 })));
  await registry.save("many", 0, { metadata: { at: 0 } });
  await using handler = createCheckedHandler(registry, { gateways: [hub] });
  const ask: Ask = async (at, json) => {
    const [method, path] = at.split(" ") as [string, string];
    const headers = { "content-type": "application/json" };
    const sent = json === undefined ? {} : { headers, body: JSON.stringify(json) };
    const answer = await handler(new Request(`http://localhost${path}`, { method, ...sent }));
    const body = await answer.text();
    if (!answer.ok) throw new Error(body);
    return body === "" ? undefined : JSON.parse(body);
  };
  await find(ask, "a");
  await use(ask, registry);
}

async function find(ask: Ask, query: string): Promise<string[]> {
  const { items } = await ask(`GET /search?limit=100&q=${encodeURIComponent(query)}`) as {
    items: { name: string; version: string }[];
  };
  return items.map(({ name, version }) => `${name}@${version}`);
}

const content = {
  files: [{ path: "data.json", data: btoa("1") }],
  materializer: { id: "json", formatVersion: 1 },
};
const saving = (metadata?: Record<string, unknown>) => ({ ...content, metadata });

Deno.test("a search has saves, copies, aliases, notes and deletes of its service at once", async () => {
  await afterSearch(async (ask) => {
    const all = () => find(ask, "name!=many");
    await ask("POST /artifacts/b:d/versions", saving({ loss: 0.1 }));
    assertEquals(await find(ask, "metadata.loss<1"), ["b:d@1.0.0"]);
    assertEquals(await all(), ["a@1.0.0", "b:c@1.0.0", "b:d@1.0.0", "z@1.0.0"]);
    await ask("POST /artifacts/a/versions/1.0.0/copy", { to: "zz" });
    assertEquals(await find(ask, "name=zz"), ["zz@1.0.0"]);
    await ask("PUT /artifacts/z/aliases/best", { version: "1.0.0" });
    assertEquals(await find(ask, "alias=best"), ["z@1.0.0"]);
    await ask("PATCH /artifacts/z/versions/1.0.0/annotations", { labels: { ok: true } });
    assertEquals(await find(ask, "labels.ok=true"), ["z@1.0.0"]);
    await ask("DELETE /artifacts/z/aliases/best");
    assertEquals(await find(ask, "alias=best"), []);
    await ask("POST /artifacts/b:d/versions", saving({ loss: 0.2 }));
    assertEquals(await find(ask, "metadata.loss<1"), ["b:d@2.0.0", "b:d@1.0.0"]);
    await ask("DELETE /artifacts/b:d/versions/1.0.0");
    assertEquals(await find(ask, "metadata.loss<1"), ["b:d@2.0.0"]);
    await ask("DELETE /artifacts/b:c?allVersions=true");
    assertEquals(await all(), ["a@1.0.0", "b:d@2.0.0", "z@1.0.0", "zz@1.0.0"]);
  });
});

Deno.test("a search has a saved version of a name with many, and those of before", async () => {
  await afterSearch(async (ask, registry) => {
    await saveMany(
      registry,
      Array.from(
        { length: 49 },
        (_, at) => ({ name: "many", value: at, metadata: { at: at + 1 } }),
      ),
    );
    await ask("POST /artifacts/many/versions", saving({ at: 50 }));
    assertEquals((await find(ask, "metadata.at>=0")).length, 51);
    assertEquals(await find(ask, "metadata.at=50"), ["many@51.0.0"]);
    assertEquals(await find(ask, "metadata.at=0"), ["many@1.0.0"]);
  });
});

Deno.test("a search has the commits of Hub clients of its service", async () => {
  await afterSearch(async (_ask, registry) => {
    await using handler = createCheckedHandler(registry, { gateways: [hub] });
    const get = async () =>
      (await (await handler(new Request("http://localhost/search?q=name=team/bert"))).json()).total;
    assertEquals(await get(), 0);
    const lines = [
      { key: "header", value: { summary: "first", description: "" } },
      { key: "file", value: { path: "a.txt", content: btoa("a"), encoding: "base64" } },
    ];
    const answer = await handler(
      new Request("http://localhost/api/models/team/bert/commit/main", {
        method: "POST",
        headers: { "content-type": "application/x-ndjson" },
        body: lines.map((line) => JSON.stringify(line)).join("\n"),
      }),
    );
    assertEquals([answer.status, await get()], [200, 1]);
  });
});

Deno.test("searches at the same time as saves have all saves that ended before them", async () => {
  await afterSearch(async (ask) => {
    const saveAndFind = async (at: number) => {
      await ask(`POST /artifacts/run:${at % 5}/versions`, saving({ id: `id-${at}` }));
      return (await find(ask, `id-${at}`)).length;
    };
    const found = await Promise.all(Array.from({ length: 40 }, (_, at) => saveAndFind(at)));
    assertEquals(found, Array(40).fill(1));
  });
});

Deno.test("a search ends while its service goes on writing", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("a", 1);
  let reads = 0;
  let isWriting = false;
  const busy = new Proxy(registry, {
    get(target, property) {
      if (property === "versions" && isWriting) {
        if (++reads > 100) throw new Error("the search does not end");
        void writes.note("a");
      }
      return Reflect.get(target, property);
    },
  });
  const closing = new AbortController().signal;
  const writes = new WrittenNames();
  const options = { system: realSystem, logger: console, closing, writes };
  const index = new SearchIndexReader(busy, options);
  await index.read();
  isWriting = true;
  await writes.note("a");
  assertEquals((await index.read()).blocks.length, 1);
});

Deno.test("a search has what its service wrote before, also when a refresh is due", async () => {
  await using searched = await createSearched();
  const { registry, system } = searched;
  const service = openIndex(registry, system, { blockSize: 8 });
  await service.find("");
  await registry.save("new", 1);
  await service.writes.note("new");
  system.advance(3_600_000);
  assertEquals(await service.find("name=new"), ["new@1.0.0"]);
  await registry.delete("z@7.0.0");
  await service.writes.note("z");
  system.advance(3_600_000);
  assertEquals(await service.find("name=z metadata.at=7"), []);
  await service.close();
});

Deno.test("a search has all that its service wrote, if a refresh of many names failed", async () => {
  await using searched = await createSearched();
  const { registry, system } = searched;
  let isFailing = false;
  const list = registry.backend!.list.bind(registry.backend);
  registry.backend!.list = (...args) => {
    if (isFailing && args[0] === "names/") throw unavailable("list", undefined, "it is offline");
    return list(...args);
  };
  const service = openIndex(registry, system, { blockSize: 8 });
  await service.find("");
  await registry.save("new", 1);
  await service.writes.note("new");
  for (let at = 0; at < 10_001; at++) await service.writes.note(`other:${at}`);
  isFailing = true;
  await assertRejects(() => service.find("name=new"), RegistryError);
  isFailing = false;
  assertEquals(await service.find("name=new"), ["new@1.0.0"]);
  await service.close();
});

/** A registry whose store calls `afterList` at the end of each list of all records. */
async function createListed() {
  const system = createScriptedSystem();
  const backend = createMemoryBackend({ system });
  const hooks = { afterList: async () => {} };
  const list = backend.list.bind(backend);
  backend.list = async function* (...args) {
    yield* list(...args);
    if (args[0] === "names/") await hooks.afterList();
  };
  const registry = await openRegistry(backend, { system });
  const service = openIndex(registry, system);
  const once = (action: () => Promise<void>) =>
    hooks.afterList = async () => {
      hooks.afterList = async () => {};
      await action();
    };
  return { registry, backend, service, once };
}

Deno.test("a version that its service saves stays, though a refresh had listed its name before", async () => {
  const { registry, service, once } = await createListed();
  await registry.save("a", 1);
  assertEquals(await service.find(""), ["a@1.0.0"]);
  await registry.save("b", 1); // by another program
  let saved: string[] = [];
  once(async () => {
    await registry.save("b", 2);
    await service.writes.note("b");
    saved = await service.find("name=b");
  });
  await service.refresh();
  const all = ["b@2.0.0", "b@1.0.0"];
  assertEquals([saved, await service.find("name=b")], [all, all]);
  await service.close();
});

Deno.test("records that go after they were listed hide no others", async () => {
  const { registry, backend, service, once } = await createListed();
  for (const value of [1, 2]) await registry.save("a", value);
  await registry.save("b", 1);
  once(async () => {
    const [newest] = await Array.fromAsync(backend.list("names/a/")) as { key: string }[];
    await backend.delete(newest!.key);
  });
  assertEquals(await service.find(""), ["a@1.0.0", "b@1.0.0"]);
  assertEquals(service.warnings, []);
  await service.close();
});

Deno.test("a name that its service saves again stays, though a refresh found it gone", async () => {
  const { registry, backend, service, once } = await createListed();
  await registry.save("a", 1);
  await registry.save("b", 1);
  assertEquals(await service.find(""), ["a@1.0.0", "b@1.0.0"]);
  for (const { key } of await Array.fromAsync(backend.list("names/b/")) as { key: string }[]) {
    await backend.delete(key);
  }
  let saved: string[] = [];
  once(async () => {
    await registry.save("b", 2);
    await service.writes.note("b");
    saved = await service.find("name=b");
  });
  await service.refresh();
  assertEquals([saved, await service.find("name=b")], [["b@1.0.0"], ["b@1.0.0"]]);
  await service.close();
});

for (const kind of ["copy", "prototype"]) {
  Deno.test(`a search asks a registry that wraps another one (${kind})`, async () => {
    const system = createScriptedSystem();
    await using behind = await openRegistry("memory:", { system });
    await behind.save("a", 1);
    await behind.save("b", 1);
    const versions = async function* (...given: Parameters<Registry["versions"]>) {
      if (given[0] !== "b") yield* behind.versions(...given);
    };
    const wrapped: Registry = kind === "copy"
      ? { ...behind, versions: versions as Registry["versions"] }
      : Object.create(behind, { versions: { value: versions } });
    const service = openIndex(wrapped, system);
    assertEquals(await service.find(""), ["a@1.0.0"]);
    await service.close();
  });
}
