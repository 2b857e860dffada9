import { assertEquals, assertRejects } from "@std/assert";
import { createMemoryBackend, defineRegistry, openRegistry, RegistryError } from "../mod.ts";
import { createFileStores } from "../files/mod.ts";
import { createMemoryBus } from "../extensions/plugins/events/mod.ts";
import { createPlugins, defineInterface } from "../extensions/plugins/mod.ts";
import { createMemoryQueue } from "../extensions/queues/memory.ts";

/** A backend that counts how often it is closed. */
function countingBackend() {
  const counts = { closed: 0 };
  const close = () => Promise.resolve(void counts.closed++);
  return { backend: { ...createMemoryBackend(), [Symbol.asyncDispose]: close }, counts };
}

Deno.test("close() of a registry, and of a view of it, closes the backend", async () => {
  const { backend, counts } = countingBackend();
  const registry = await openRegistry(backend);
  await registry.close();
  assertEquals(counts.closed, 1);
  await defineRegistry({ ...registry }).close();
  assertEquals(counts.closed, 2);
});

Deno.test("a registry of your own is closed by its close()", async () => {
  const registry = await openRegistry("memory:");
  let closed = 0;
  const { [Symbol.asyncDispose]: _, ...parts } = registry;
  const own = defineRegistry({ ...parts, close: () => Promise.resolve(void closed++) });
  await own[Symbol.asyncDispose]();
  await own.close();
  assertEquals(closed, 2);
});

Deno.test("close() of file stores closes the opened ones", async () => {
  const { backend, counts } = countingBackend();
  const stores = createFileStores({ s3: () => backend });
  await stores.get("s3");
  await stores.close();
  assertEquals(counts.closed, 1);
});

Deno.test("a closed queue takes no jobs, and a closed bus and set of plugins fail", async () => {
  const queue = createMemoryQueue();
  await queue.work(() => Promise.resolve(null));
  await queue.close();
  await queue.add({ id: "a", group: "g", kind: "k", data: null });
  assertEquals((await queue.get("a"))?.state, "waiting");

  const bus = createMemoryBus();
  await bus.close();
  await assertRejects(() => bus.publish("a.b", {}), RegistryError, "closed");

  const Teller = defineInterface<{ tell(): string }>("teller", { methods: ["tell"] });
  const plugins = createPlugins();
  plugins.register(Teller, "a", () => ({ tell: () => "a" }));
  await plugins.close();
  await assertRejects(() => plugins.shared(Teller, "a"), RegistryError, "closed");
});
