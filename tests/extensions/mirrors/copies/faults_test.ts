// Mirrors with failing stores, killed processes and concurrent writers.
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Backend } from "../../../../core/backend.ts";
import { RegistryError } from "../../../../core/errors.ts";
import type { StoredRegistry } from "../../../../core/registry.ts";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { createRandom } from "../../../simulate/random.ts";
import { seedCount } from "../../../support/seeds.ts";
import { fileSet } from "../../../registry/protocol_world.ts";
import { keysOf, noise } from "../../../registry/registries.ts";
import { rejected } from "../../../registry/rejected.ts";
import { type HookedCall, withHooks } from "../../../registry/with_hooks.ts";
import { assertMirrored, testMirror } from "../mirror_world.ts";

const SEEDS = seedCount(40);

/** Versions that share a file, small ones, a deleted one, and aliases. */
async function fillSome(registry: StoredRegistry): Promise<void> {
  for (let n = 1; n <= 4; n++) {
    await registry.save("shared", { large: noise(300_000), n: noise(70_000, n) }, {
      as: fileSet,
    });
    await registry.save("small", n);
  }
  await registry.delete("small@2");
  await registry.setAlias("small", "production", "3");
  await registry.setAlias("shared", "production", "2");
}

const LIVE = 7;

async function countVersions(registry: StoredRegistry): Promise<number> {
  let count = 0;
  for await (const name of registry.names()) {
    count += (await Array.fromAsync(registry.versions(name))).length;
  }
  return count;
}

/** Calls `act` at the n-th call of the store. */
function atCall(n: number, act: (call: HookedCall) => void): (backend: Backend) => Backend {
  let calls = 0;
  return (backend) =>
    withHooks(backend, {
      before: (call) => {
        if (++calls === n) act(call);
      },
    });
}

for (const which of ["from", "to"] as const) {
  testMirror(
    `a run that is aborted while it asks ${which} is completed by the next one`,
    async ({ from, open }) => {
      await fillSome(from);
      const random = createRandom(1);
      let stopped = 0;
      for (let seed = 0; seed < SEEDS; seed++) {
        const store = createMemoryBackend();
        const to = await openRegistry(store);
        const stop = new AbortController();
        const wrap = atCall(
          1 + random.int(which === "from" ? 30 : 70),
          () => stop.abort(new Error("stopped")),
        );
        const wrapped = which === "from"
          ? await open("from", {}, wrap)
          : await openRegistry(wrap(store));
        const [a, b] = which === "from" ? [wrapped, to] : [from, wrapped];
        const concurrency = 1 + random.int(8);
        const run = mirrorRegistry(a, b, { signal: stop.signal, concurrency }).then(
          () => undefined,
          (error) => error,
        );
        const error = await run;
        if (stop.signal.aborted && error !== undefined) {
          assertEquals([error.message, ++stopped > 0], ["stopped", true]);
        } else assertEquals(error, undefined);
        const had = await countVersions(to);
        assertEquals((await mirrorRegistry(from, to)).copied, LIVE - had);
        await assertMirrored(from, to);
      }
      assert(stopped > SEEDS / 3, `${stopped} runs were aborted`);
    },
  );
}

testMirror(
  "damage in the source fails that version alone, which is mirrored after a repair",
  async ({ from, to, open }) => {
    const damages: Record<
      string,
      [options: object, damage: (bytes: Uint8Array) => Uint8Array | undefined]
    > = {
      missing: [{}, () => undefined],
      changed: [{}, (bytes) => bytes.with(bytes.byteLength - 1, bytes.at(-1)! ^ 1)],
      cut: [{}, (bytes) => bytes.slice(0, -1)],
      compressed: [{ compress: "gzip" }, (bytes) => bytes.with(20, bytes[20] ^ 1)],
    };
    const kept = new Map<string, Uint8Array>();
    for (const [name, [options, damage]] of Object.entries(damages)) {
      for (const size of [100_000, 1_000_000]) {
        for (const label of ["before", "damaged", "after"]) {
          const value = { file: noise(size, label.length), zeros: new Uint8Array(size) };
          await from.save(`${name}-${size}`, value, {
            as: fileSet,
            share: "none",
            ...options,
          });
          if (label !== "damaged") continue;
          const { commit } = await from.info(`${name}-${size}`);
          const [key] = (await keysOf(from.backend)).filter((key) => key.includes(commit));
          const bytes = (await (await from.backend.get(key))!.bytes()).slice();
          kept.set(key, bytes);
          const damaged = damage(bytes);
          if (damaged === undefined) await from.backend.delete(key);
          else await from.backend.put(key, damaged);
        }
      }
    }
    const careless = await open("from", { verify: "none" });
    const { failures, copied } = await mirrorRegistry(careless, to);
    assertEquals(
      failures.map(({ name, version, error }) => `${name}@${version} ${error.code}`).sort(),
      Object.keys(damages).flatMap((name) =>
        [100_000, 1_000_000].map((size) => `${name}-${size}@2.0.0 Corrupt`)
      )
        .sort(),
    );
    for (const { error } of failures) await rejected("Corrupt", Promise.reject(error));
    assertEquals(copied, 16);
    for (const [key, bytes] of kept) await from.backend.put(key, bytes);
    assertEquals((await mirrorRegistry(from, to)).copied, 8);
    await assertMirrored(from, to);
  },
);

testMirror(
  "a version that is deleted and collected while it is read is gone",
  async ({ from, to, open }) => {
    await from.save("a", noise(300_000));
    await from.save("a", noise(300_000, 2));
    const [, object] = await keysOf(from.backend, "objects/a/");
    const opened = await open("from", {}, (backend) =>
      withHooks(backend, {
        async before({ verb, key }) {
          if (verb !== "get" || key !== object) return;
          await from.delete("a@1");
          await from.backend.delete(object);
        },
      }));
    const actions: string[] = [];
    const { failures } = await mirrorRegistry(opened, to, {
      onItem: ({ version, action }) => void actions.push(`${version} ${action}`),
    });
    assertEquals([failures, actions.sort()], [[], ["1.0.0 gone", "2.0.0 copied"]]);
    assertEquals((await mirrorRegistry(from, to)).deleted, 1);
    await assertMirrored(from, to);
  },
);

for (const mutable of [false, true]) {
  testMirror(
    `another writer of the same version is ${mutable ? "overwritten" : "a conflict"}`,
    async ({ from, to, open }) => {
      await from.save("a", "source", { version: "1" });
      let once = true;
      const racing = await open("to", {}, (backend) =>
        withHooks(backend, {
          async before({ create }) {
            if (!create || !once) return;
            once = false;
            await to.save("a", "target", { version: "1" });
          },
        }));
      const { failures, copied } = await mirrorRegistry(from, racing);
      assertEquals(
        [failures.map(({ error }) => error.code), copied],
        mutable ? [[], 1] : [["Conflict"], 0],
      );
      assertEquals(await to.load("a"), mutable ? "source" : "target");
    },
    { mutable },
  );
}

testMirror(
  "a store that refuses everything ends the run, not each version in turn",
  async ({ from, to, open }) => {
    for (let n = 1; n <= 100; n++) await from.save("a", n);
    let refused = 0;
    const denied = await open("from", {}, (backend) =>
      withHooks(backend, {
        before({ verb, key }) {
          if (verb !== "get" || !key.startsWith("names/")) return;
          refused++;
          throw new RegistryError({
            code: "Denied",
            message: "Cannot get: denied",
            hint: "Check the credentials.",
          });
        },
      }));
    await rejected("Denied", mirrorRegistry(denied, to));
    assert(refused < 40, `${refused} were tried`);
  },
);

testMirror("two mirrors at once make no version twice", async ({ from, to, open }) => {
  await fillSome(from);
  const second = await open("to");
  const reports = await Promise.all([mirrorRegistry(from, to), mirrorRegistry(from, second)]);
  assertEquals(reports.map(({ failures }) => failures), [[], []]);
  assertEquals(reports.reduce((sum, { copied }) => sum + copied, 0), LIVE);
  await assertMirrored(from, to);
});

testMirror(
  "a base that is deleted in the target meanwhile is not shared",
  async ({ from, to, open }) => {
    const large = noise(300_000);
    for (let n = 1; n <= 2; n++) {
      await from.save("a", { large, n: noise(70_000, n) }, { as: fileSet });
    }
    await mirrorRegistry(from, to, { range: "=1.0.0" });
    const [record] = await keysOf(to.backend, "names/a/");
    let once = true;
    const racing = await open("to", {}, (backend) =>
      withHooks(backend, {
        async after({ verb, key }) {
          if (verb !== "get" || key !== record || !once) return;
          once = false;
          await to.delete("a@1");
        },
      }));
    const { failures, copied, bytes } = await mirrorRegistry(from, racing, { range: "=2.0.0" });
    assertEquals([failures, copied, bytes, once], [[], 1, 70_000 + 370_000, false]); // it begins again without
    assertEquals(await to.load("a", { as: fileSet }), { large, n: noise(70_000, 2) } as object);
  },
);

testMirror("errors of the caller's own functions are passed on unchanged", async ({ from, to }) => {
  await from.save("a", noise(300_000));
  const fail = () => {
    throw new Error("mine");
  };
  // in the midst of a file
  const { cause } = await rejected("TaskFailed", mirrorRegistry(from, to, { onProgress: fail }));
  assertEquals((cause as Error).message, "mine");
  for (const options of [{ rename: fail }, { onItem: fail }, { onProgress: fail }]) {
    await assertRejects(() => mirrorRegistry(from, to, options), Error, "mine");
  }
});
