// Two registries, and the expected result of a mirror.
import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../../core/backend.ts";
import type { OpenOptions, StoredRegistry } from "../../../core/registry.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import type { MirrorReport } from "../../../extensions/mirrors/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { kindsOfShare } from "../../support/seeds.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { noise, REGISTRIES } from "../../registry/registries.ts";
import { fileSet } from "../../registry/protocol_world.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";

export interface MirrorWorld {
  from: StoredRegistry;
  to: StoredRegistry;
  open(
    which: "from" | "to",
    options?: OpenOptions,
    wrap?: (backend: Backend) => Backend,
  ): Promise<StoredRegistry>;
}

export interface MirrorWorldOptions extends OpenOptions {
  from?: OpenOptions;
  to?: OpenOptions;
}

export function testMirror(
  sentence: string,
  body: (world: MirrorWorld) => Promise<void>,
  options: MirrorWorldOptions = {},
): void {
  Deno.test(sentence, () => inMirrorWorld([0, 0], body, options));
}

/** Runs a test between memory and disks, and between disks: in CI each pair has its days. */
export function testMirrorOnEach(
  sentence: string,
  body: (world: MirrorWorld) => Promise<void>,
  options: MirrorWorldOptions = {},
): void {
  const pairs = ([[0, 1], [1, 0], [1, 2], [2, 1]] as const)
    .filter((pair) => pair.every((kind) => !REGISTRIES[kind].ignore));
  for (const pair of kindsOfShare(sentence, pairs)) {
    const [from, to] = pair.map((kind) => REGISTRIES[kind].name);
    Deno.test(`${sentence} (${from} to ${to})`, () => inMirrorWorld(pair, body, options));
  }
}

async function inMirrorWorld(
  kinds: readonly [number, number],
  body: (world: MirrorWorld) => Promise<void>,
  { from: fromOptions, to: toOptions, ...both }: MirrorWorldOptions,
): Promise<void> {
  const roots = [await tempRoot(), await tempRoot()];
  try {
    const backends = kinds.map((kind, place) => REGISTRIES[kind].create(roots[place]));
    const from = await openRegistry(backends[0], { ...both, ...fromOptions });
    const to = await openRegistry(backends[1], { ...both, ...toOptions });
    const open: MirrorWorld["open"] = (which, options, wrap = (same) => same) =>
      openRegistry(wrap(backends[which === "from" ? 0 : 1]), options);
    await body({ from, to, open });
    for (const registry of [from, to]) await registry[Symbol.asyncDispose]();
  } finally {
    for (const root of roots) await root.remove();
  }
}

/** Fills a registry with each kind of payload, deletions and aliases. Counts both. */
export async function fill(registry: StoredRegistry): Promise<{ live: number; dead: number }> {
  await registry.save("inline", { depth: 12 }, {
    metadata: { by: "ann", nested: { x: [1] } },
    inputs: [{ ref: "raw@1", digest: null }],
  });
  await registry.save("inline", { depth: 13 }, { version: "1.1.0+linux", idempotencyKey: "k" });
  await registry.save("inline", "text", { version: "2.0.0-rc.1" });
  await registry.save("a/b c é", noise(700_000), { metadata: { large: true } });
  const pack = Object.fromEntries(
    Array.from({ length: 40 }, (_, i) => [`f${i}`, noise(4_000 + i, i + 1)]),
  );
  await registry.save("packed", pack, { as: fileSet });
  for (const compress of ["gzip", "zstd"] as const) {
    await registry.save(`compressed-${compress}`, new Uint8Array(700_000).fill(7), { compress });
    await registry.save(`compressed-${compress}`, "x".repeat(10_000), { compress });
    const several = {
      a: new Uint8Array(90_000).fill(3),
      b: noise(90_000),
      c: new TextEncoder().encode("c"),
    };
    await registry.save(`compressed-${compress}`, several, { compress, as: fileSet });
  }
  const many = Object.fromEntries(
    Array.from(
      { length: 1_200 },
      (_, i) => [`folder/file-${i}`, new TextEncoder().encode(`${i}`.repeat(20))],
    ),
  );
  await registry.save("long-list", many, { as: fileSet });
  await registry.save("long-list", { ...many, more: noise(300_000) }, { as: fileSet });
  for (let n = 1; n <= 3; n++) await registry.save("deleted", n);
  await registry.delete("deleted@2");
  await registry.save("gone", noise(100_000));
  await registry.delete("gone", { allVersions: true });
  await registry.setAlias("inline", "production", "1.1");
  await registry.setAlias("deleted", "old", "1");
  await registry.setAlias("deleted", "removed", "1");
  await registry.deleteAlias("deleted", "removed");
  return { live: 15, dead: 2 };
}

/** Returns the visible contents of a registry, without those of a mirror itself. */
export async function contents(registry: StoredRegistry): Promise<unknown> {
  const names: Record<string, unknown> = {};
  for await (const name of registry.names()) {
    const versions: unknown[] = [];
    for await (const { version, info } of registry.versions(name, { details: true })) {
      const { commit: _, generation: __, origin: ___, idempotencyKey: ____, ...kept } = info!;
      const restored = info!.restored?.map(({ commit: _, ...times }) => times);
      const artifact = await registry.open(`${name}@${version}`);
      const bytes = await Promise.all(artifact.files().map(async (file) => await file.bytes()));
      versions.push({ ...kept, restored, bytes: bytes.map((part) => part.byteLength) });
    }
    names[name] = { versions, aliases: await aliasesOf(registry, name) };
  }
  return names;
}

/** Asserts that a registry is a complete mirror of another. */
export async function assertMirrored(from: StoredRegistry, to: StoredRegistry): Promise<void> {
  assertEquals(await contents(to), await contents(from));
  const { ok, problems } = await verifyRegistry(to);
  assert(ok, JSON.stringify(problems));
}

export function counts(
  { versions, skipped, copied, deleted, aliases, failures }: MirrorReport,
): unknown {
  return { versions, skipped, copied, deleted, aliases, failures: failures.length };
}
