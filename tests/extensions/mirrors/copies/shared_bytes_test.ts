import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../../../core/backend.ts";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import { verifyRegistry } from "../../../../apps/maintenance.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { keysOf, noise } from "../../../registry/registries.ts";
import { withHooks } from "../../../registry/with_hooks.ts";

const BASE = noise(3_000_000);

/** A store that counts the payload that is read, and is of another kind than one in memory. */
function far(): { backend: Backend; inner: Backend; read(): number } {
  const inner = createMemoryBackend();
  let bytes = 0;
  const backend: Backend = { ...withHooks(inner, {}), kind: "far" };
  backend.get = async (key, options) => {
    const object = await inner.get(key, options);
    if (object !== undefined && key.startsWith("objects/")) {
      const { byteLength } = await object.bytes();
      bytes += byteLength;
    }
    return object;
  };
  const read = () => {
    const sum = bytes;
    bytes = 0;
    return sum;
  };
  return { backend, inner, read };
}

async function payloadOf(backend: Backend): Promise<number> {
  const infos = (await keysOf(backend, "objects/")).map((key) => backend.head(key));
  return (await Promise.all(infos)).reduce((sum, info) => sum + info!.size, 0);
}

for (const kind of ["near", "far"] as const) {
  Deno.test(`a mirror reads and stores only the new bytes of each version (${kind})`, async () => {
    const { backend, inner, read } = far();
    const from = await openRegistry(backend);
    let value = BASE;
    await from.save("a", value);
    for (let i = 1; i <= 4; i++) {
      value = value.slice();
      value.set(noise(20_000, i + 1), i * 600_000);
      await from.save("a", value);
    }
    const target = kind === "near" ? createMemoryBackend() : far().backend;
    const to = await openRegistry(target);
    read();
    await mirrorRegistry(from, to);
    const moved = read();
    assert(moved < BASE.byteLength * 1.3, `${moved} bytes were read`);
    assert(await payloadOf(target) < await payloadOf(inner) * 1.1);
    assertEquals(await to.load("a"), value);
    assertEquals(await to.load("a@1"), BASE);
    assertEquals((await verifyRegistry(to)).ok, true);

    const next = value.slice();
    next.set(noise(5_000, 44), 100_000);
    await from.save("a", next);
    read();
    await mirrorRegistry(from, to); // a later run finds what the first one stored
    assert(read() < 300_000);
    assertEquals(await to.load("a"), next);
  });
}

Deno.test("a mirror stores a version whole if the target has lost the bytes it would share", async () => {
  const { backend } = far();
  const from = await openRegistry(backend);
  await from.save("a", BASE);
  const target = far();
  const to = await openRegistry(target.backend);
  await mirrorRegistry(from, to);
  for (const key of await keysOf(target.inner, "objects/")) await target.inner.delete(key);
  const value = BASE.slice();
  value.set(noise(5_000, 7), 1_000_000);
  await from.save("a", value);
  await mirrorRegistry(from, to);
  assertEquals(await to.load("a"), value);
});

for (const kind of ["memory", "far"]) {
  Deno.test(`damage in the source is never mirrored with the rest shared (${kind})`, async () => {
    const { backend, inner } = far();
    const from = await openRegistry({ ...backend, kind });
    await from.save("a", BASE);
    const before = new Set(await keysOf(inner, "objects/"));
    const value = BASE.slice();
    value.set(noise(50_000, 7), 1_000_000);
    await from.save("a", value);
    const to = await openRegistry(far().backend);
    await mirrorRegistry(from, to, { range: "1" });
    for (const key of (await keysOf(inner, "objects/")).filter((key) => !before.has(key))) {
      const bytes = (await (await inner.get(key))!.bytes()).slice();
      bytes[bytes.byteLength >> 1]! ^= 1;
      await inner.put(key, bytes);
    }
    const { failures } = await mirrorRegistry(from, to);
    assertEquals(failures.map(({ error }) => error.code), ["Corrupt"]);
    assertEquals(await to.has("a@2"), false);
  });
}

for (
  const [what, numbers] of Object.entries({
    "interleaved branches": ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5"],
    "descending versions": ["6.0", "5.0", "4.0", "3.0", "2.0", "1.0"],
  })
) {
  Deno.test(`a mirror of ${what} stores as much as its source`, async () => {
    const { backend, inner } = far();
    const from = await openRegistry(backend);
    const branches = [noise(1_500_000), noise(1_500_000, 2)];
    for (const [at, version] of numbers.entries()) {
      const value = branches[at % 2] = branches[at % 2].slice();
      value.set(noise(1_000, at + 9), at * 100_000);
      const sharing = at < 2 ? { share: "none" } as const : { base: `a@${numbers[at - 2]}` };
      await from.save("a", value, { version, ...sharing });
    }
    await from.delete(`a@${numbers[1]}`); // others need its bytes
    const target = far().inner;
    const to = await openRegistry(target);
    await mirrorRegistry(from, to);
    assert(await payloadOf(target) < await payloadOf(inner) * 1.2);
    const last = branches[0].slice();
    last.set(noise(1_000, 99), 1_300_000);
    await from.save("a", last, { version: "1.0.1", base: `a@${numbers[4]}` });
    await mirrorRegistry(from, to); // a later run
    assert(await payloadOf(target) < await payloadOf(inner) * 1.2);
    assertEquals(await to.load("a@1.0.1"), last);
    assertEquals((await verifyRegistry(to)).problems, []);
  });
}
