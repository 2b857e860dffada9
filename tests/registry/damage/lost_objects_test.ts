// Objects that a store never returns, as some do with rotten bytes.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Backend, StoredObject } from "../../../core/backend.ts";
import { unavailable } from "../../../core/errors.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { mirrorRegistry, verifyRegistry } from "../../../registry/maintenance.ts";
import { fileSet } from "../protocol_world.ts";
import { keysOf, noise } from "../registries.ts";
import { rejected } from "../rejected.ts";

interface Rot {
  backend: Backend;
  /** Keys that cannot be read until they are put again. */
  readonly keys: Set<string>;
  /** Fails this many reads of any object. */
  outage: number;
}

/** A store that breaks the connection before the reply, or `halfway` in the bytes of the object. */
function rotting(halfway: boolean): Rot {
  const inner = createMemoryBackend();
  const broken = (key: string) =>
    unavailable("get", `"${key}"`, "the connection broke before the reply", {
      hint: "Check the network and the store, then try again.",
      key,
      backend: inner.location,
    });
  const breaking = (object: StoredObject): StoredObject => {
    const { info } = object;
    const fail = () => Promise.reject(broken(info.key));
    return {
      info,
      get body() {
        const half = new Uint8Array(info.size >> 1);
        return new ReadableStream({
          start: (controller) => controller.enqueue(half),
          pull: (controller) => controller.error(broken(info.key)),
        }, { highWaterMark: 0 });
      },
      bytes: fail,
    };
  };
  const rot: Rot = {
    keys: new Set(),
    outage: 0,
    backend: {
      kind: "rotting",
      location: "rotting:",
      head: (key, options) => inner.head(key, options),
      delete: (key, options) => inner.delete(key, options),
      list: (prefix, options) => inner.list(prefix, options),
      async put(key, ...more) {
        const result = await inner.put(key, ...more);
        rot.keys.delete(key);
        return result;
      },
      async get(key, options) {
        if (rot.outage > 0 && rot.outage--) throw broken(key);
        if (!rot.keys.has(key)) return await inner.get(key, options);
        if (!halfway) throw broken(key);
        const object = await inner.get(key, options);
        return object && breaking(object);
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
  };
  return rot;
}

const FILES = { large: noise(700_000), small: noise(40_000, 2), more: noise(50_000, 3) };

for (const halfway of [false, true]) {
  const when = halfway ? "whose bytes break off" : "that is never returned";

  Deno.test(`an object ${when} is damage, and is repaired from a mirror`, async () => {
    const rot = rotting(halfway);
    const registry = await openRegistry(rot.backend);
    await registry.save("a", FILES, { as: fileSet });
    await registry.save("b", "whole");
    const copy = await openRegistry("memory:");
    await mirrorRegistry(registry, copy);
    for (const key of await keysOf(rot.backend, "objects/")) {
      rot.keys.add(key);
      const { problems, versions } = await verifyRegistry(registry);
      assertEquals(versions, 2);
      assert(problems.length > 0, key);
      for (const { code, message, hint, ...problem } of problems) {
        assertEquals([code, problem.key], ["Corrupt", key]);
        assertStringIncludes(message, "the store fails to return it: the connection broke");
        assertStringIncludes(hint!, "repairFrom");
      }
      const report = await verifyRegistry(registry, { repairFrom: copy });
      assertEquals([report.problems, report.repaired?.length], [[], problems.length]);
      assertEquals((await verifyRegistry(registry)).problems, []);
    }
    assertEquals(await registry.load("a", { as: fileSet }), FILES);
  });

  Deno.test(`an object ${when} in a mirror fails the mirror's version alone`, async () => {
    const rot = rotting(halfway);
    const registry = await openRegistry(rot.backend);
    for (const name of ["a", "b", "c"]) {
      await registry.save(name, noise(90_000, name.charCodeAt(0)));
    }
    rot.keys.add((await keysOf(rot.backend, "objects/b/"))[0]!);
    const copy = await openRegistry("memory:");
    const { failures, copied } = await mirrorRegistry(registry, copy);
    assertEquals(failures.map(({ name, error }) => [name, error.code]), [["b", "Corrupt"]]);
    assertEquals(copied, 2);
    await rejected("Unavailable", registry.load("b"), /the object is damaged/);
  });
}

Deno.test("a record that is never returned is damage, with the advice to restore it", async () => {
  const rot = rotting(false);
  const registry = await openRegistry(rot.backend);
  await registry.save("a", "whole");
  rot.keys.add((await keysOf(rot.backend, "names/a/"))[0]!);
  const { problems: [problem] } = await verifyRegistry(registry);
  assertEquals(problem!.code, "Corrupt");
  assertStringIncludes(problem!.hint!, "Restore the object from a backup");
});

Deno.test("an outage is not damage", async () => {
  const rot = rotting(false);
  const registry = await openRegistry(rot.backend);
  await registry.save("a", noise(90_000));
  rot.outage = Infinity;
  await rejected("Unavailable", verifyRegistry(registry));
  for (const [outage, key] of [[1, "objects/"], [1, "names/"]] as const) {
    rot.outage = 0;
    const failing: Backend = {
      ...rot.backend,
      get(at, options) {
        if (at.startsWith(key) && rot.outage-- > 0) {
          return Promise.reject(unavailable("get", `"${at}"`, "no reply", { key: at }));
        }
        return rot.backend.get(at, options);
      },
    };
    const other = await openRegistry(failing);
    rot.outage = outage;
    const { problems } = await verifyRegistry(other);
    assertEquals(problems.map(({ code }) => code), ["Unavailable"]);
  }
});
