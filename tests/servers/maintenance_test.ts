import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { readdir } from "node:fs/promises";
import { join } from "@std/path";
import type { Backend } from "../../core/backend.ts";
import { encodeRecord } from "../../registry/format/record_codec.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import { prune } from "../../extensions/maintenance/pruning/mod.ts";
import { collectGarbage } from "../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../apps/maintenance.ts";
import { mirrorRegistry } from "../../extensions/mirrors/mod.ts";
import { createMemoryBackend, openRegistry } from "../../mod.ts";
import { recordKey, versionCell } from "../../registry/format/layout.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { readRecord } from "../../registry/cell/heads.ts";
import { knownContext } from "../../registry/operations/context.ts";
import { keysOf, noise } from "../registry/registries.ts";
import { collect, rejected } from "../registry/rejected.ts";
import { withAge } from "../registry/with_age.ts";
import type { Fault, WireRequest } from "../support/proxy.ts";
import { REAL_SERVERS } from "../support/servers/mod.ts";
import { type ServerWorld, testOnServers } from "./server_world.ts";

const WEEK_MS = 7 * 24 * 3_600_000;
const UUID = "01951e2f-6c00-7abc-8def-0123456789ab";
const CRASHED = `objects/crashed/p8p9p9/${UUID}/`;

testOnServers("gc deletes more than a thousand keys in batches", REAL_SERVERS, async (world) => {
  const { proxy, server } = world;
  const store = world.store();
  const registry = await openRegistry(store, { mutable: true, cache: false });
  for (let n = 1; n <= 4; n++) {
    await registry.save("kept", noise(100_000, n), { version: "1", onConflict: "overwrite" });
  }
  await registry.save("gone", noise(100_000));
  await registry.delete("gone", { allVersions: true });
  await fill(store, range(1_020).map((n) => `${CRASHED}${n}`));
  await fill(
    store,
    range(60).map((n) => `uploads/01951e2f-6c00-7abc-8def-${`${n}`.padStart(12, "0")}/0`),
  );
  await store.put(`${CRASHED}.alive`, new Uint8Array());

  const young = await collectGarbage(registry);
  assertEquals(
    young.removed.payload.count + young.removed.generation.count,
    0,
    "it is too young",
  );
  const later = await openRegistry(withAge(world.proxied(), WEEK_MS), { cache: false });
  const dry = await collectGarbage(later, { dryRun: true });
  const asked = proxy.requests.length;
  const report = await collectGarbage(later);
  const deletes = proxy.requests.slice(asked).filter(isDelete).length;
  assertEquals([report.failures, report.voids], [[], []]);
  assertEquals(report.removed, dry.removed);
  assertEquals(report.removed.payload.count, 1_021 + 3 + 1);
  assertEquals(report.removed.upload.count, 60);
  assertEquals(report.removed.generation.count, 2);
  assertEquals(report.removed.scrubbed.count, 2);
  if (server.protocol === "s3") assertLessOrEqual(deletes, 10);
  assertEquals((await keysOf(store, "objects/")).length, 1);
  assertEquals(await keysOf(store, "uploads/"), []);
  assertEquals(await registry.load("kept"), noise(100_000, 4));
  assertEquals((await verifyRegistry(registry)).ok, true);
});

testOnServers("gc reports failed deletes and retries them", REAL_SERVERS, async (world) => {
  const store = world.store();
  await openRegistry(store, { cache: false });
  const keys = range(30).map((n) => `${CRASHED}${n}`);
  await fill(store, keys);
  const later = await openRegistry(withAge(world.proxied(), WEEK_MS), { cache: false });
  const stuck = `${CRASHED}17`;
  world.proxy.plan((request) =>
    isDelete(request) ? refuseDelete(request, world, stuck) : undefined
  );
  const report = await collectGarbage(later);
  assertEquals(report.failures.map(({ key }) => key), [stuck]);
  assert(report.failures[0].message.includes(stuck));
  assertEquals(report.removed.payload.count, 29);
  world.proxy.plan();
  assert((await keysOf(store, "objects/")).includes(stuck));
  assertEquals((await collectGarbage(later)).failures, []);
  assertEquals(await keysOf(store, "objects/"), []);
});
testOnServers(
  "prune deletes a hundred versions, and gc frees them",
  REAL_SERVERS,
  async (world) => {
    const store = world.store();
    const registry = await openRegistry(store, { cache: false });
    await registry.save("a", "value");
    const template = (await readRecord(
      knownContext(registry)!,
      recordKey(versionCell("a", parseVersion("1"), true), 1),
    ))!;
    assert(template.record.kind === "version");
    const { record, inline } = template;
    await forEachAtOnce(range(120).slice(1), async (n) => {
      const version = parseVersion(`${n + 1}`);
      const bytes = encodeRecord({ ...record, version: version.canonical } as typeof record, [
        inline,
      ]);
      await store.put(recordKey(versionCell("a", version, true), 1), bytes);
    });
    await registry.setAlias("a", "live", "7");
    const report = await prune(registry, { keepLast: 20 });
    assertEquals([report.deleted.length, report.kept], [99, 21]);
    assertEquals(report.deleted[0], { name: "a", version: "100.0.0" });
    assertEquals((await collect(registry.versions("a"))).length, 21);
    const freed = await collectGarbage(
      await openRegistry(withAge(store, WEEK_MS), { cache: false }),
    );
    assertEquals([freed.removed.scrubbed.count, freed.failures], [99, []]);
    assertEquals(await registry.load("a@live"), "value");
    assertEquals((await prune(registry, { keepLast: 20 })).deleted, []);
  },
);

function range(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

async function fill(store: Backend, keys: string[]): Promise<void> {
  await forEachAtOnce(keys, async (key) => void await store.put(key, new Uint8Array(9)));
}

/** A request that removes objects: one on GCS, up to a thousand on S3. */
function isDelete({ method, url }: WireRequest): boolean {
  return method === "DELETE" || (method === "POST" && /[?&]delete\b/.test(url));
}

/** The reply of a store that denies the removal of one key and omits the others. */
function refuseDelete(
  { url, text }: WireRequest,
  { server, prefix }: ServerWorld,
  stuck: string,
): Fault | undefined {
  if (server.protocol === "gcs") {
    const body = JSON.stringify({
      error: { code: 403, message: "no", errors: [{ reason: "forbidden" }] },
    });
    if (!decodeURIComponent(url).endsWith(`/${stuck}`)) return undefined;
    return { fault: "answer", status: 403, headers: { "content-type": "application/json" }, body };
  }
  if (!text.includes("<Delete")) return undefined; // of one: the mark of the collector
  const error =
    `<Error><Key>${prefix}/${stuck}</Key><Code>AccessDenied</Code><Message>no</Message></Error>`;
  const body = `<?xml version="1.0"?><DeleteResult>${error}</DeleteResult>`;
  return { fault: "answer", status: 200, headers: { "content-type": "application/xml" }, body };
}

// MinIO breaks the connection for rotten bytes, for ever.
testOnServers(
  "an object that rots in MinIO is damage, and repaired from a mirror",
  "minio",
  async (world) => {
    const { server, prefix } = world;
    const registry = await openRegistry(world.store({ retryForMs: 300 }), {
      cache: false,
      retryForMs: 300,
    });
    const mirror = await openRegistry(createMemoryBackend());
    const value = noise(2 ** 21);
    await registry.save("rotten", value);
    await registry.save("sound", noise(2 ** 20));
    await mirrorRegistry(registry, mirror);
    let rotted = 0;
    const folder = `${server.data}/${server.bucket}/${prefix}/objects/rotten`;
    for (
      const { name, parentPath } of await readdir(folder, { recursive: true, withFileTypes: true })
    ) {
      if (name !== "part.1") continue;
      const path = join(parentPath, name);
      const bytes = await Deno.readFile(path);
      bytes[bytes.length >> 1]! ^= 1; // its own checksum does not match
      await Deno.writeFile(path, bytes);
      rotted++;
    }
    assertEquals(rotted, 1);
    await rejected("Unavailable", registry.load("rotten"));
    const { problems } = await verifyRegistry(registry);
    assertEquals(problems.map(({ ref, code }) => [ref, code]), [["rotten@1.0.0", "Corrupt"]]);
    const { ok, repaired } = await verifyRegistry(registry, { repairFrom: mirror });
    assertEquals([ok, repaired?.length], [true, 1]);
    assertEquals(await registry.load("rotten"), value);
    assert((await verifyRegistry(registry)).ok);
  },
);
