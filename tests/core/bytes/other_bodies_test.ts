// Values that have bytes in another form than the library takes, at each place that takes bytes.
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Readable } from "node:stream";
import type { Body } from "../../../core/backend.ts";
import { createLocalBackend } from "../../../backends/local.ts";
import { createMemoryBackend, openRegistry, type Registry, RegistryError } from "../../../mod.ts";
import { startService } from "../../apps/client/service.ts";
import { tempRoot } from "../../support/temp_root.ts";

async function* iterated() {
  yield await Promise.resolve(new Uint8Array([1]));
}

const VALUES: Record<string, [() => object, string]> = {
  "a stream of Node": [() => Readable.from([new Uint8Array([1])]), "Readable.toWeb"],
  "a response": [() => new Response("x"), "response.body"],
  "a response without a body": [() => new Response(), "response.body"],
  "a request": [() => new Request("http://x", { method: "POST", body: "x" }), "request"],
  "an iterable": [iterated, "ReadableStream.from"],
};

const entriesOf = (value: object) => [{ path: "f", content: value as Body }];
const FILE = { id: "folder", formatVersion: 1, load: () => 0, save: entriesOf };

/** Returns the ways in which a registry takes bytes. */
function waysOf(registry: Registry): Record<string, (value: object) => Promise<unknown>> {
  const draft = registry.openDraft("d", { id: "1" });
  return {
    save: (value) => registry.save("a", value),
    "save a file": (value) => registry.save("a", value, { as: FILE }),
    "add a part": async (value) => await (await draft).addPart("p", value),
    "add parts": async (value) => await (await draft).addPart("p", entriesOf(value)),
    "add a file": async (value) => await (await draft).addFile("f", value as Body),
  };
}

async function checkHints(ways: Record<string, (value: object) => Promise<unknown>>) {
  for (const [way, take] of Object.entries(ways)) {
    for (const [what, [make, hint]] of Object.entries(VALUES)) {
      // An iterable may yield files.
      if (way === "add a part" && what === "an iterable") continue;
      const error = await assertRejects(() => take(make()), RegistryError, "", `${way} ${what}`);
      assertStringIncludes(error.hint ?? "", hint, `${way} ${what}`);
    }
  }
}

Deno.test("the error of another form of bytes says which to pass", async () => {
  await checkHints(waysOf(await openRegistry("memory:")));
});

Deno.test("the same behind a service", async () => {
  const service = await startService();
  await checkHints(waysOf(await service.open()));
  await service.close();
});

Deno.test("the same of stores", async () => {
  const root = await tempRoot();
  const stores = [createMemoryBackend(), createLocalBackend({ path: root.join("store") })];
  for (const store of stores) {
    await checkHints({ put: (value) => store.put("a", value as Body, { mode: "create" }) });
  }
  await root[Symbol.asyncDispose]();
});

Deno.test("a part may be bytes, and a stream of them", async () => {
  const service = await startService();
  for (const registry of [await openRegistry("memory:"), await service.open()]) {
    const draft = await registry.openDraft("d", { id: "1" });
    await draft.addPart("bytes", new Uint8Array([1, 2]));
    const other = await registry.openDraft("d", { id: "2" });
    await other.addPart("stream", new Blob(["12"]).stream());
    const of = { id: "bytes", formatVersion: 1 };
    const { version } = await draft.commit({ as: of });
    assertEquals(await registry.load(`d@${version}`), new Uint8Array([1, 2]));
    const { version: streamed } = await other.commit({ as: of });
    assertEquals(await registry.load(`d@${streamed}`), new Uint8Array([49, 50]));
  }
  await service.close();
});
