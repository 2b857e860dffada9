// The note of an interrupted save is a hint: the next save stores everything whatever it finds.
import { assertEquals, assertLess } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { fault } from "../../../core/errors.ts";
import { realSystem, silentLogger } from "../../../core/system.ts";
import { openRegistry } from "../../../mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { type NoteKeeper, Unfinished } from "../../../registry/payload/unfinished.ts";
import { fileSet, HOUR } from "../protocol_world.ts";
import { noise } from "../registries.ts";
import { rowsOfRun } from "../../support/seeds.ts";

const MIB = 2 ** 20;

/** A distant store in memory, with a way to copy objects. */
function distant(inner: Backend, copy: Backend["copy"], onSent: () => void): Backend {
  return {
    ...inner,
    kind: "s3",
    copy,
    async put(key, ...given) {
      const result = await inner.put(key, ...given);
      if (key.startsWith("objects/")) onSent();
      return result;
    },
  };
}

Deno.test("a save sends what the store refuses to copy", async () => {
  const value = Object.fromEntries([1, 2, 3, 4].map((n) => [`${n}`, noise(MIB, n)]));
  for (const code of rowsOfRun(["Denied", "Invalid", "Unsupported"] as const)) {
    const stop = new AbortController();
    let sent = 0, refused = 0;
    const copy = () => {
      refused++;
      throw fault({ code, action: "copy", state: "the policy needs another permission" });
    };
    const onSent = () => ++sent === 3 && stop.abort(new Error("enough"));
    const store = distant(createMemoryBackend(), copy, onSent);
    const registry = await openRegistry(store, { cache: { backend: createMemoryBackend() } });
    const { signal } = stop;
    const saving = registry.save("a", value, { as: fileSet, signal });
    assertEquals(await saving.catch((error) => error.message), "enough");
    await registry.save("a", value, { as: fileSet });
    const { files } = await registry.info("a");
    assertEquals(
      files.map((file) => file.sha256),
      Object.values(value).map((bytes) => sha256(bytes)),
    );
    assertEquals([(await verifyRegistry(registry)).ok, refused > 0], [true, true]);
    await registry[Symbol.asyncDispose]();
  }
});

function open(keeper: NoteKeeper): Promise<Unfinished | undefined> {
  const store = {
    backend: distant(createMemoryBackend(), () => Promise.reject(), () => {}),
    system: realSystem,
    logger: silentLogger,
    settings: { versioned: true, mutable: false, graceMs: HOUR, leastGraceMs: HOUR },
  };
  return Unfinished.open(store, keeper, { key: "objects/a/", copy: () => Promise.reject() });
}

Deno.test("a note that another release wrote in another form is none", async () => {
  const at = realSystem.now();
  for (const note of [{ objects: [] }, [{ key: "objects/b/0", size: MIB, at }], [null], "x"]) {
    const read = () => Promise.resolve(new TextEncoder().encode(JSON.stringify(note)));
    const nothing = () => Promise.resolve();
    const unfinished = await open({ read, write: nothing, remove: nothing });
    assertEquals(unfinished?.known(MIB), undefined);
  }
});

Deno.test("the note of many objects is written a few times", async () => {
  let text = "", written = 0;
  const keeper: NoteKeeper = {
    read: () => Promise.resolve(new TextEncoder().encode(text || "[]")),
    write(bytes) {
      text = new TextDecoder().decode(bytes);
      written += bytes.byteLength;
      return Promise.resolve();
    },
    remove: () => Promise.resolve(),
  };
  const unfinished = (await open(keeper))!;
  for (let object = 0; object < 1_000; object++) {
    const file = { size: MIB + object, sha256: sha256(`${object}`) };
    unfinished.note(object, [{ ...file, parts: [{ object, size: file.size }] }]);
    await Promise.resolve();
  }
  await unfinished.written();
  const again = (await open(keeper))!;
  for (let n = 0; n < 1_000; n++) assertEquals(again.known(MIB + n)?.size, 1);
  assertLess(written, 40 * text.length);
});
