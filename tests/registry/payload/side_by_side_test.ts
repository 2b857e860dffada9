import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend, Body, PutOptions } from "../../../core/backend.ts";
import { bodyBytes } from "../../../core/bytes.ts";
import { RegistryError } from "../../../core/errors.ts";
import type { FilesToSave, FileToSave } from "../../../core/materializer.ts";
import { defineMaterializer } from "../../../core/materializer.ts";
import { createMaterializers } from "../../../materializers/mod.ts";
import { openOnBackend } from "../../../registry/mod.ts";

const KB = 1024;

/** Bytes that no other file has. */
function content(file: number, size: number): Uint8Array {
  return new Uint8Array(size).map((_, i) => (i * 31 + file * 7) % 251);
}

/** A store whose payload puts end when a test says so, and how many were under way. */
function heldBackend() {
  const inner = createMemoryBackend();
  const waiting: { key: string; end: (error?: Error) => void }[] = [];
  const aborted: string[] = [];
  let heard = () => {};
  const backend: Backend = {
    ...inner,
    async put(key: string, body: Body, options: PutOptions = {}) {
      if (!key.startsWith("objects/")) return await inner.put(key, body, options);
      const bytes = await bodyBytes(body);
      await new Promise<void>((resolve, reject) => {
        let ended = false;
        waiting.push({
          key,
          end(error) {
            ended = true;
            if (error === undefined) resolve();
            else reject(error);
          },
        });
        options.signal?.addEventListener("abort", () => {
          if (!ended) aborted.push(key);
          reject(options.signal!.reason);
        });
        heard();
      });
      return await inner.put(key, bytes, options);
    },
  };
  return {
    backend,
    waiting,
    aborted,
    /** Resolves when so many puts wait. */
    async until(count: number) {
      while (waiting.length < count) await new Promise<void>((resolve) => heard = resolve);
    },
  };
}

const listed = defineMaterializer<unknown, FilesToSave>({
  id: "test/files",
  save: (files) => files,
  load: (artifact) => artifact.files().map(({ info }) => info.path),
});

async function open(backend: Backend) {
  return await openOnBackend(backend, { materializers: createMaterializers() });
}

const large = (count: number, size = 300 * KB): FileToSave[] =>
  Array.from({ length: count }, (_, i) => ({ path: `f${i}`, content: content(i, size) }));

Deno.test("large files of a list are uploaded side by side, and recorded in their order whatever ends first", async () => {
  const { backend, waiting, until } = heldBackend();
  const registry = await open(backend);
  const files = [...large(4), { path: "small", content: content(9, 10) }];
  const saving = registry.save("a", files, { materializer: listed });
  await until(5); // the pack of the small one too: none waited for another
  for (const { end } of waiting.splice(0).reverse()) end();
  await saving;
  const artifact = await registry.open("a");
  assertEquals(artifact.files().map(({ info }) => info.path), files.map(({ path }) => path));
  for (const [i, file] of artifact.files().entries()) {
    assertEquals(await file.bytes(), files[i].content as Uint8Array);
  }
  const again = await (await open(createMemoryBackend())).save("a", files, { materializer: listed });
  assertEquals(again.digest, artifact.info.digest);
});

Deno.test("what a save has under way is bounded", async () => {
  const { backend, waiting, until } = heldBackend();
  const registry = await open(backend);
  const saving = registry.save("a", large(20), { materializer: listed });
  let most = 0, ended = 0;
  while (ended < 20) {
    await until(1);
    await new Promise((resolve) => setImmediate(resolve)); // what may begin has begun
    most = Math.max(most, waiting.length);
    waiting.shift()!.end();
    ended++;
  }
  await saving;
  assert(most > 1 && most <= 8, String(most));
});

Deno.test("a generator is asked for the next file only when the one before is stored, as it may take it back", async () => {
  const { backend, waiting, until } = heldBackend();
  const registry = await open(backend);
  const shared = new Uint8Array(300 * KB);
  let made = 0;
  function* files(): Generator<FileToSave> {
    for (; made < 3; made++) yield { path: `f${made}`, content: shared.fill(made + 1) };
  }
  const saving = registry.save("a", files(), { materializer: listed });
  for (let i = 0; i < 3; i++) {
    await until(1);
    assertEquals(made, i);
    waiting.shift()!.end();
  }
  await saving;
  const artifact = await registry.open("a");
  for (const [i, file] of artifact.files().entries()) assertEquals((await file.bytes())[1000], i + 1);
});

Deno.test("a generator's blobs, and sources that last, are uploaded side by side", async () => {
  const { backend, waiting, until } = heldBackend();
  const registry = await open(backend);
  const source = { size: 300 * KB, lasting: true, stream: () => new Blob([content(7, 300 * KB) as BlobPart]).stream() };
  function* files(): Generator<FileToSave> {
    yield { path: "blob", content: new Blob([content(6, 300 * KB) as BlobPart]) };
    yield { path: "source", content: source };
  }
  const saving = registry.save("a", files(), { materializer: listed });
  await until(2);
  for (const { end } of waiting.splice(0)) end();
  await saving;
  assertEquals(await (await registry.open("a")).file("source").bytes(), content(7, 300 * KB));
});

Deno.test("a failure ends the other uploads, and what was written is removed", async () => {
  const { backend, waiting, aborted, until } = heldBackend();
  const registry = await open(backend);
  const saving = registry.save("a", large(4), { materializer: listed });
  saving.catch(() => {});
  await until(4);
  const [first, second] = waiting.splice(0);
  first.end();
  await new Promise((resolve) => setImmediate(resolve));
  second.end(new RegistryError({ code: "Denied", message: "Cannot put: no", hint: "None." }));
  const error = await saving.then(() => undefined, (error) => error);
  assertEquals([error.code, aborted.length], ["Denied", 2]);
  assertEquals(await registry.has("a"), false);
  assertEquals((await Array.fromAsync(backend.list("objects/"))).length, 0);
});

Deno.test("an abort ends all uploads, and nothing is committed", async () => {
  const { backend, aborted, until } = heldBackend();
  const registry = await open(backend);
  const stop = new AbortController();
  const saving = registry.save("a", large(3), { materializer: listed, signal: stop.signal });
  saving.catch(() => {});
  await until(3);
  stop.abort(new Error("enough"));
  assertEquals(await saving.catch((error) => error.message), "enough");
  assertEquals(aborted.length, 3);
  assertEquals(await registry.has("a"), false);
});
