import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Backend } from "../../../core/backend.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import {
  decodeRecord,
  encodeRecord,
  TOMBSTONE_BYTES,
} from "../../../registry/format/record_codec.ts";
import type { Registry } from "../../../core/registry.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { defineMaterializer } from "../../../mod.ts";
import { collect, rejected } from "../rejected.ts";
import { withAge } from "../with_age.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";

const folder = defineMaterializer<number>({
  id: "test/folder",
  save: (count) =>
    Array.from(
      { length: count },
      (_, i) => ({ path: `${"long".repeat(400)} ${i}`, content: noise(100, i) }),
    ),
  load: async (artifact) =>
    (await Promise.all(artifact.files().map((file) => file.bytes()))).length,
});

/** One version of each shape, and its loaded value. */
const SHAPES: Record<string, { value: unknown; compress?: "gzip" }> = {
  inline: { value: "x".repeat(300) },
  compressed: { value: "y".repeat(300_000), compress: "gzip" },
  packed: { value: noise(100_000) },
  large: { value: noise(700_000) },
};
const LISTED = 110; // so many long paths that their list is an object of its own

async function fill(registry: Registry): Promise<void> {
  registry.materializers.register(folder);
  for (const [name, { value, compress }] of Object.entries(SHAPES)) {
    await registry.save(name, value, { compress });
  }
  await registry.save("listed", LISTED, { as: folder });
}

/** Loads everything. Returns values, or the code and key of failures. */
async function outcomes(registry: Registry): Promise<Record<string, string | true>> {
  const found: Record<string, string | true> = {};
  for (const name of [...Object.keys(SHAPES), "listed"]) {
    const expected = SHAPES[name]?.value ?? LISTED;
    try {
      assertEquals(await registry.load(name), expected);
      found[name] = true;
    } catch (error) {
      const { code, key } = error as { code: string; key: string };
      found[name] = `${code} ${key}`;
    }
  }
  return found;
}

async function bytesOf(backend: Backend, key: string): Promise<Uint8Array> {
  return await (await backend.get(key))!.bytes();
}

const DAMAGES: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  emptied: () => new Uint8Array(),
  "cut in half": (bytes) => bytes.slice(0, bytes.byteLength / 2),
  "cut by a byte": (bytes) => bytes.slice(0, -1),
  "flipped at its beginning": (bytes) => flipped(bytes, 2),
  "flipped in its middle": (bytes) => flipped(bytes, bytes.byteLength >> 1),
  "flipped at its end": (bytes) => flipped(bytes, bytes.byteLength - 2),
  "replaced": (bytes) => noise(bytes.byteLength, 99),
};

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, i) => i === at ? byte ^ 0x10 : byte);
}

for (const [damage, apply] of Object.entries(DAMAGES)) {
  // what a store does with damage, one shows
  const test = damage === "cut in half" ? testOnEach : testInMemory;
  test(
    `an object that is ${damage} makes only its own version Corrupt`,
    async ({ registry, backend }) => {
      await fill(registry);
      const whole = await outcomes(registry);
      assert(Object.values(whole).every((outcome) => outcome === true), JSON.stringify(whole));
      for (
        const key of [...await keysOf(backend, "names/"), ...await keysOf(backend, "objects/")]
      ) {
        const bytes = await bytesOf(backend, key);
        await backend.put(key, apply(bytes));
        const name = key.split("/")[1];
        assertEquals(await outcomes(registry), { ...whole, [name]: `Corrupt ${key}` }, key);
        const { ok, problems, versions } = await verifyRegistry(registry);
        const found = new Set(problems.map(({ ref, code, key }) => `${ref} ${code} ${key}`));
        assertEquals([ok, versions, [...found]], [false, 5, [`${name}@1.0.0 Corrupt ${key}`]]);
        await backend.put(key, bytes);
      }
      assertEquals((await verifyRegistry(registry)).ok, true);
    },
  );
}

testInMemory("the error of a digest mismatch has both digests", async ({ registry, backend }) => {
  await registry.save("a", noise(700_000));
  const { files: [{ sha256: saved }] } = await registry.info("a");
  const [key] = await keysOf(backend, "objects/");
  await backend.put(key, noise(700_000, 2));
  const now = sha256(noise(700_000, 2));
  const said = `its SHA-256 is ${now}, expected ${saved}`;
  for (
    const { message } of [
      await rejected("Corrupt", registry.load("a")),
      await rejected("Corrupt", read(registry)),
    ]
  ) {
    assert(message.endsWith(said), message);
  }
});

async function read(registry: Registry): Promise<void> {
  for await (const _ of (await registry.open("a")).files()[0].stream());
}

testOnEach(
  "missing payload is Corrupt, a missing record is a missing version",
  async ({ registry, backend }) => {
    await fill(registry);
    const whole = await outcomes(registry);
    for (const key of await keysOf(backend, "objects/")) {
      const bytes = await bytesOf(backend, key);
      await backend.delete(key);
      const name = key.split("/")[1];
      assertEquals(await outcomes(registry), { ...whole, [name]: `Corrupt ${key}` });
      assertEquals((await verifyRegistry(registry)).problems.map((problem) => problem.key), [key]);
      await backend.put(key, bytes);
    }
    for (const key of await keysOf(backend, "names/")) {
      const bytes = await bytesOf(backend, key);
      await backend.delete(key);
      const name = key.split("/")[1];
      assertEquals(await outcomes(registry), { ...whole, [name]: "NotFound undefined" });
      await backend.put(key, bytes);
    }
  },
);

testOnEach(
  "a damaged version affects neither the next save nor older versions",
  async ({ registry, backend }) => {
    const old = await registry.save("a", noise(400_000));
    await registry.save("a", noise(400_000, 2));
    const [newest] = await keysOf(backend, "names/a/versions/");
    await backend.put(newest, noise(700));
    await rejected("Corrupt", registry.load("a"));
    await rejected("Corrupt", registry.info("a@2"));
    assertEquals((await registry.info("a@1")).commit, old.commit);
    assertEquals((await registry.save("a", noise(400_000, 3))).version, "3.0.0");
    assertEquals(await registry.load("a"), noise(400_000, 3));
    assertEquals((await collect(registry.versions("a"))).length, 3);
    const detailed = await collect(registry.versions("a", { details: true }));
    assertEquals(detailed.map(({ error }) => error?.code), [undefined, "Corrupt", undefined]);
  },
);

testOnEach("a record in the place of another version is Corrupt", async ({ registry, backend }) => {
  await registry.save("a", "one", { version: "1" });
  await registry.save("a", "two", { version: "2" });
  await registry.save("b", "three", { version: "1" });
  const [two, one] = await keysOf(backend, "names/a/");
  for (const other of [two, (await keysOf(backend, "names/b/"))[0]]) {
    await backend.put(one, await bytesOf(backend, other));
    const error = await rejected("Corrupt", registry.load("a@1"));
    assertEquals(error.key, one);
    assertMatch(error.message, /^Cannot load "a@1": a record cannot be read: /);
  }
  assertEquals(await registry.load("a@2"), "two");
});

testOnEach(
  "a version of a newer format is Unsupported, others are not affected",
  async ({ registry, backend }) => {
    await registry.save("a", "one");
    await registry.save("a", "two");
    const [newest] = await keysOf(backend, "names/a/");
    const { record, inline } = decodeRecord(await bytesOf(backend, newest), newest);
    await backend.put(newest, encodeRecord({ ...record, format: "holdfast/2" }, [inline]));
    const error = await rejected("Unsupported", registry.load("a"));
    assertEquals(error.key, newest);
    await rejected("Unsupported", registry.info("a@2"));
    assertEquals(await registry.load("a@1"), "one");
    assertEquals((await verifyRegistry(registry)).problems.map(({ code }) => code), [
      "Unsupported",
    ]);
    assertEquals((await registry.save("a", "three")).version, "3.0.0");
  },
);

testOnEach("a damaged alias is Corrupt and can be set again", async ({ registry, backend }) => {
  await registry.save("a", 1);
  await registry.setAlias("a", "production", "1");
  const [key] = await keysOf(backend, "names/a/aliases/");
  await backend.put(key, noise(300));
  assertEquals((await rejected("Corrupt", registry.load("a@production"))).key, key);
  assertEquals((await rejected("Corrupt", aliasesOf(registry, "a"))).key, key);
  assertEquals(await registry.load("a"), 1);
  await registry.setAlias("a", "production", "1");
  assertEquals(await registry.load("a@production"), 1);
});

testInMemory("no flipped bit yields a value that was not saved", async ({ registry, backend }) => {
  await fill(registry);
  const keys = [...await keysOf(backend, "names/"), ...await keysOf(backend, "objects/")];
  for (let i = 0; i < 150; i++) {
    const key = keys[i % keys.length];
    const bytes = await bytesOf(backend, key);
    const at = (i * 7_919) % bytes.byteLength;
    await backend.put(key, bytes.map((byte, place) => place === at ? byte ^ (1 << i % 8) : byte));
    const found = await outcomes(registry); // compares what it loads
    await backend.put(key, bytes);
    const failed = Object.entries(found).filter(([, outcome]) => outcome !== true);
    // some bits of gzip mean nothing
    if (failed.length === 0 && key.includes("/compressed/")) continue;
    assertEquals(failed, [[key.split("/")[1], `Corrupt ${key}`]], `${key} at ${at}`);
  }
});

/** The size to which a disk may truncate files; once the size of tombstones. */
const SECTOR_BYTES = 512;

testOnEach(
  "a head truncated at a sector is Corrupt, never a deletion",
  async ({ registry, backend, open }) => {
    await registry.save("a", "old");
    await registry.save("a", noise(400_000));
    const alias = "a long alias ".repeat(15).trim().replaceAll(" ", "_");
    await registry.setAlias("a", alias, "1");
    await registry.setAlias("a", alias, "2");
    const [version] = await keysOf(backend, "names/a/versions/");
    const [named] = await keysOf(backend, "names/a/aliases/");
    const whole = new Map([[version, await bytesOf(backend, version)], [
      named,
      await bytesOf(backend, named),
    ]]);
    for (const [key, bytes] of whole) {
      assert(bytes.byteLength > SECTOR_BYTES);
      await backend.put(key, bytes.slice(0, SECTOR_BYTES));
    }
    for (const ref of ["a", "a@2", "a@>1", `a@${alias}`]) {
      const error = await rejected("Corrupt", registry.load(ref));
      assertEquals(error.key, ref.endsWith(alias) ? named : version, ref);
    }
    assertEquals(await registry.load("a@1"), "old");
    assertEquals(await collect(registry.names()), ["a"]);
    assertEquals((await collect(registry.versions("a"))).map(({ version }) => version), [
      "2.0.0",
      "1.0.0",
    ]);
    await rejected("Corrupt", aliasesOf(registry, "a"));
    assert(!(await verifyRegistry(registry)).ok);
    const { failures } = await collectGarbage(
      await open({}, (store) => withAge(store, 7 * 24 * 3_600_000)),
    );
    assertEquals(failures.length, 1);
    assertEquals((await registry.save("a", "next")).version, "3.0.0");
    for (const [key, bytes] of whole) await backend.put(key, bytes);
    assertEquals(await registry.load(`a@${alias}`), noise(400_000));
  },
);

testOnEach(
  "a version whose record is truncated at a sector can be deleted",
  async ({ registry, backend }) => {
    await registry.save("a", noise(400_000));
    const [key] = await keysOf(backend, "names/a/");
    await backend.put(key, (await bytesOf(backend, key)).slice(0, SECTOR_BYTES));
    assertEquals(await registry.delete("a@1", { force: true }), true);
    await rejected("NotFound", registry.load("a@1"));
  },
);

testOnEach(
  "a record truncated to the size of a tombstone is Corrupt",
  async ({ registry, backend, open }) => {
    await registry.save("a", noise(400_000));
    const [key] = await keysOf(backend, "names/a/");
    const bytes = await bytesOf(backend, key);
    await backend.put(key, bytes.slice(0, TOMBSTONE_BYTES));
    assertEquals((await rejected("Corrupt", registry.load("a@1"))).key, key);
    assertEquals(
      (await verifyRegistry(registry)).problems.map((problem) => [problem.code, problem.key]),
      [[
        "Corrupt",
        key,
      ]],
    );
    const { failures } = await collectGarbage(
      await open({}, (store) => withAge(store, 7 * 24 * 3_600_000)),
    );
    assertEquals(failures.map((failure) => failure.key), [key]);
    await backend.put(key, bytes);
    assertEquals(await registry.load("a"), noise(400_000));
  },
);

const LARGE = noise(700_000);

testOnEach("a save does not share lost objects", async ({ registry, backend }) => {
  await registry.save("a", LARGE);
  const [object] = (await keysOf(backend)).filter((key) => key.startsWith("objects/"));
  await backend.delete(object);
  const saved = await registry.save("a", LARGE, { skipIfUnchanged: true });
  assertEquals([saved.version, saved.skipped], ["2.0.0", false]);
  assertEquals(await registry.load("a"), LARGE);
});

testOnEach("a save does not share truncated objects", async ({ registry, backend }) => {
  await registry.save("a", LARGE);
  const [object] = (await keysOf(backend)).filter((key) => key.startsWith("objects/"));
  await backend.put(object, LARGE.slice(0, 1000));
  await registry.save("a", LARGE);
  assertEquals(await registry.load("a"), LARGE);
});

testOnEach("small files of a lost object are stored again with new ones", async (world) => {
  const { registry, backend } = world;
  const files = (last: number) =>
    defineMaterializer<number>({
      id: "test/many",
      save: () =>
        Array.from(
          { length: 100 },
          (_, i) => ({ path: `${i}`, content: noise(1000, i < 99 ? i : last) }),
        ),
      load: async (artifact) =>
        (await Promise.all(artifact.files().map((file) => file.bytes()))).length,
    });
  await registry.save("a", 1, { as: files(99) });
  const [object] = (await keysOf(backend)).filter((key) => key.startsWith("objects/"));
  await backend.delete(object);
  await registry.save("a", 2, { as: files(1000) });
  assertEquals(await registry.load("a", { as: files(1000) }), 100);
});

testOnEach(
  'share: "none" shares nothing and fixes damaged content',
  async ({ registry, backend }) => {
    await registry.save("a", LARGE);
    const [object] = (await keysOf(backend)).filter((key) => key.startsWith("objects/"));
    await backend.put(object, noise(LARGE.byteLength, 9));
    await registry.save("a", LARGE, { share: "none" });
    assertEquals(await registry.load("a"), LARGE);
    const { problems } = await verifyRegistry(registry);
    assertEquals(problems.map(({ ref, code }) => [ref, code]), [["a@1.0.0", "Corrupt"]]);
    assert(problems[0].hint!.includes('share: "none"'));
  },
);
