// Registries that the first release of the format wrote, kept in `tests/fixtures/first_format`:
// every later release reads them, writes into them, verifies and collects them.
import { assert, assertEquals } from "@std/assert";
import { cp, readFile } from "node:fs/promises";
import process from "node:process";
import { createLocalBackend } from "../../backends/local.ts";
import { createMemoryBackend } from "../../backends/memory.ts";
import type { Backend, Locking } from "../../core/backend.ts";
import { defineMaterializer } from "../../core/materializer.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import { decodeRecord, OLD_TOMBSTONE_BYTES, TOMBSTONE_BYTES } from "../../core/record/record.ts";
import type { Registry } from "../../core/registry.ts";
import { collectGarbage, mirrorRegistry, openRegistry, verifyRegistry } from "../../mod.ts";
import { tempRoot } from "../support/temp_root.ts";
import { collect, rejected } from "./rejected.ts";
import { keysOf, testOnEach } from "./registries.ts";
import { withAge } from "./with_age.ts";

const FIXTURE = "tests/fixtures/first_format";
const WEEK_MS = 7 * 24 * 3_600_000;

/** What `holds.json` says of a registry. */
interface Holding {
  id: string;
  settings: Registry["settings"];
  names: string[];
  versions: Record<string, Record<string, unknown>>;
  aliases: Record<string, Record<string, string>>;
  deleted: string[];
  keys: Record<string, [name: string, version: string]>;
  objects: { count: number; bytes: number };
  histories: Record<string, Record<string, (string | null)[]>>;
}

const holds: Record<string, Holding> = JSON.parse(await readFile(`${FIXTURE}/holds.json`, "utf8"));

const longList = defineMaterializer<number>({
  id: "test/long-list",
  save: () => [],
  load: async (artifact) =>
    (await Promise.all(artifact.files().map((file) => file.bytes()))).length,
});

/** Tests a sentence on a copy of each of the kept registries. */
function testOnKept(
  sentence: string,
  body: (
    registry: Registry,
    holding: Holding,
    kept: { backend: Backend; older: Backend },
  ) => Promise<void>,
): void {
  for (const [folder, holding] of Object.entries(holds)) {
    const locking = holding.settings.locking as Locking;
    const ignore = locking === "file" && process.versions.deno === undefined;
    Deno.test({
      name: `${sentence} (${folder})`,
      ignore,
      fn: async () => {
        const root = await tempRoot();
        try {
          await cp(`${FIXTURE}/${folder}`, root.join("registry"), { recursive: true });
          const backend = createLocalBackend({
            path: root.join("registry"),
            durability: "os",
            locking,
            layout: "plain",
          });
          const registry = await openRegistry(backend, { create: false });
          registry.materializers.register(longList);
          await body(registry, holding, { backend, older: withAge(backend, WEEK_MS) });
        } finally {
          await root.remove();
        }
      },
    });
  }
}

/** What there is to read, as `holds.json` says it. */
async function described(
  registry: Registry,
): Promise<Pick<Holding, "names" | "versions" | "aliases">> {
  const names = await collect(registry.names());
  const found: Pick<Holding, "names" | "versions" | "aliases"> = {
    names,
    versions: {},
    aliases: {},
  };
  for (const name of names) {
    for await (const { version, info } of registry.versions(name, { details: true })) {
      const { name: _, idempotencyKey: key, createdAt, files, ...facts } = info!;
      found.versions[`${name}@${version}`] = {
        ...facts,
        createdAt: createdAt.toISOString(),
        ...(key === undefined ? {} : { key }),
        files: files.length > 5 ? files.length : files,
      };
    }
    const aliases = await registry.aliases(name);
    if (Object.keys(aliases).length > 0) found.aliases[name] = aliases;
  }
  return found;
}

async function assertVerified(registry: Registry): Promise<void> {
  const { ok, problems } = await verifyRegistry(registry);
  assert(ok, JSON.stringify(problems));
}

testOnKept(
  "all that the first format holds is there and reads as it was",
  async (registry, holding, { backend }) => {
    const { names, versions, aliases } = holding;
    const keys = await keysOf(backend);
    let bytes = 0;
    for (const key of keys) bytes += (await backend.head(key))!.size;
    assertEquals({ count: keys.length, bytes }, holding.objects);
    assertEquals([registry.id, registry.settings], [holding.id, holding.settings]);
    assertEquals(await described(registry), { names, versions, aliases });
    for (const [name, histories] of Object.entries(holding.histories)) {
      for (const [alias, named] of Object.entries(histories)) {
        const changes = await collect(registry.history(name, alias));
        assertEquals(changes.map(({ version = null }) => version), named, `${name}@${alias}`);
      }
    }
    await assertVerified(registry);
    for (const ref of holding.deleted) await rejected("NotFound", registry.load(ref));
  },
);

/** What was saved in them. */
const VALUES: Record<string, Record<string, unknown>> = {
  link: {
    "my:model@1": "first",
    "my:model@1.2": "second",
    "my:model": "third",
    "my:model@3.0.0-rc.1": { answer: 42, when: new Date(0), big: 2n ** 70n },
    "my:model@production": "first",
    "my:model@été_🦊": "second",
    "con": "a device on Windows",
    "Ünïcode/名前 *?": "odd name",
    "gzip@1.0.1": "inline gzip ".repeat(100),
    "zstd@1.0.1": "inline zstd ".repeat(100),
    "long:list": 110,
    "array": { data: new Float32Array([1, 2.5, -3]), shape: [3], dtype: "float32" },
    "empty": new Uint8Array(),
  },
  file: {
    "thing@1": "fourth",
    "thing": "again",
    "thing@production": "fourth",
    "my:model": "third",
  },
  single: { "counter": 5, "back": "y" },
};

testOnKept(
  "tombstones of the first format have 512 bytes and are known",
  async (registry, holding, { backend }) => {
    let tombstones = 0;
    for await (const entry of backend.list("names/")) {
      if (!("key" in entry) || entry.size !== OLD_TOMBSTONE_BYTES) continue;
      assertEquals(
        decodeRecord(await (await backend.get(entry.key))!.bytes(), entry.key).record.kind,
        "deleted",
      );
      tombstones++;
    }
    assert(tombstones >= holding.deleted.length);
    for (const ref of holding.deleted) {
      assertEquals(await registry.has(ref), false);
      assertEquals(await registry.delete(ref, { allVersions: !ref.includes("@") }), false);
    }
    assertEquals(await collect(registry.versions("deleted:name")), []);
  },
);

testOnKept("values of the first format load as they were saved", async (registry, { id }) => {
  const [folder] = Object.entries(holds).find(([, holding]) => holding.id === id)!;
  for (const [ref, value] of Object.entries(VALUES[folder])) {
    assertEquals(await registry.load(ref), value, ref);
  }
});

testOnKept(
  "a registry of the first format is written, collected and mirrored",
  async (registry, holding, kept) => {
    const { versioned, mutable } = holding.settings;
    for (const [key, [name, version]] of Object.entries(holding.keys)) {
      const again = await registry.save(name, "never saved", { idempotencyKey: key });
      assertEquals([again.version, again.skipped], [version, true]);
    }
    if (versioned) {
      const [name] = Object.keys(holding.aliases);
      const saved = await registry.save(name, "new", { metadata: { new: true } });
      await registry.setAlias(name, "production", saved.version);
      await registry.delete(`${name}@1.0.0`, { force: true });
      assertEquals(await registry.load(`${name}@production`), "new");
      await rejected("NotFound", registry.load(`${name}@1.0.0`));
      for (const ref of holding.deleted.filter(() => !mutable)) {
        await rejected(
          "AlreadyExists",
          registry.save(ref.split("@")[0], "x", { version: ref.split("@")[1] }),
        );
      }
    } else await registry.set("counter", 6);
    const before = await described(registry);
    await assertVerified(registry);
    const { failures } = await collectGarbage(await openRegistry(kept.older));
    assertEquals(failures, []);
    assertEquals(await described(registry), before);
    await assertVerified(registry);

    const other = await openRegistry("memory:", { versioned, mutable });
    assertEquals((await mirrorRegistry(registry, other)).failures, []);
    assertEquals((await described(other)).names, before.names);
    await assertVerified(other);
  },
);

Deno.test("a new version shares the unchanged files of one of the first format", async () => {
  const root = await tempRoot();
  try {
    await cp(`${FIXTURE}/link`, root.join("registry"), { recursive: true });
    const registry = await openRegistry(root.join("registry"), { durability: "os" });
    const { backend } = registry;
    const before = (await keysOf(backend, "objects/")).length;
    await registry.copy("data:raw@1", "data:raw");
    assertEquals((await keysOf(backend, "objects/")).length, before);
    await assertVerified(registry);
  } finally {
    await root.remove();
  }
});

/** The record of a cell as the first format wrote it: with as many spaces as give it a size, which was any but 512. */
async function ofSize(backend: Backend, cell: string, bytes: number): Promise<void> {
  const [key] = await keysOf(backend, cell);
  const [line] = new TextDecoder().decode(await (await backend.get(key))!.bytes()).split("\n");
  const text = line.slice(0, line.lastIndexOf(',"sum":'));
  const padded = text + " ".repeat(bytes - line.length - 1);
  await backend.put(key, new TextEncoder().encode(`${padded},"sum":"${sha256(padded)}"}\n`));
  assertEquals((await backend.head(key))!.size, TOMBSTONE_BYTES);
}

testOnEach(
  "aliases and keys of the first format may have the size that tombstones have now",
  async (world) => {
    const { backend, registry } = world;
    const keyed = () => registry.save("a", "one", { idempotencyKey: "k" });
    const { commit } = await keyed();
    await registry.setAlias("a", "live", "1");
    for (const cell of ["names/a/aliases/", "names/a/keys/"]) {
      await ofSize(
        backend,
        cell,
        TOMBSTONE_BYTES,
      );
    }
    assertEquals(await registry.load("a@live"), "one");
    assertEquals(await registry.aliases("a"), { live: "1.0.0" });
    assertEquals((await keyed()).commit, commit);
    await assertVerified(registry);
    assertEquals((await collectGarbage(registry)).failures, []);
    await rejected("Conflict", registry.delete("a@1"));
    const other = await openRegistry(createMemoryBackend());
    await mirrorRegistry(registry, other);
    assertEquals(await other.load("a@live"), "one");
    assertEquals(await registry.deleteAlias("a", "live"), true);
    assertEquals(await registry.aliases("a"), {});
  },
);
