// Layers of versions that a service has served, and that were deleted or replaced since.
import { assertEquals } from "@std/assert";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { oci } from "../../../../extensions/gateways/oci/oci.ts";
import { createCheckedHandler } from "../../../apps/server/checked_handler.ts";
import { createProtocolWorld, fileSet, GRACE_MS } from "../../../registry/protocol_world.ts";
import { noise } from "../../../registry/registries.ts";
import { digestOf } from "./open_oci.ts";

const SHARED = noise(300_000, 1), OWN = noise(300_000, 2), NEW = noise(300_000, 3);
const MINUTE = 60_000;

/** Opens a service that served the newest version last. */
async function openServed(options: { mutable?: boolean } = {}) {
  const { registry, advance, system } = await createProtocolWorld(options);
  await registry.save("a", { x: SHARED }, { as: fileSet });
  await registry.save("a", { x: SHARED, y: OWN }, { as: fileSet });
  const handler = createCheckedHandler(registry, { gateways: [oci], system });
  const ask = async (path: string) => {
    const answer = await handler(new Request(`http://localhost/v2/a/${path}`));
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const digest = answer.headers.get("docker-content-digest");
    return answer.ok ? { digest, isWhole: digestOf(bytes) === digest } : answer.status;
  };
  for (const tag of ["1.0.0", "2.0.0"]) await ask(`manifests/${tag}`);
  return {
    registry,
    advance,
    handler,
    ask,
    blob: (bytes: Uint8Array) => ask(`blobs/${digestOf(bytes)}`),
  };
}

const whole = (bytes: Uint8Array) => ({ digest: digestOf(bytes), isWhole: true });

Deno.test("layers of a deleted version are gone, unless another version has them", async () => {
  const { registry, advance, handler, blob } = await openServed();
  await registry.delete("a@2");
  advance(GRACE_MS + 1);
  await collectGarbage(registry);
  for (let run = 0; run < 2; run++) {
    assertEquals([await blob(OWN), await blob(SHARED)], [404, whole(SHARED)]);
  }
  await handler.close();
});

Deno.test("a replaced version has another manifest, and the old one is gone in a minute", async () => {
  const { registry, advance, handler, ask, blob } = await openServed({ mutable: true });
  const before = await ask("manifests/2.0.0") as { digest: string };
  await registry.save("a", { x: SHARED, y: NEW }, {
    as: fileSet,
    version: "2.0.0",
    onConflict: "overwrite",
  });
  const after = await ask("manifests/2.0.0") as { digest: string };
  assertEquals(after.digest === before.digest, false);
  assertEquals(await blob(NEW), whole(NEW));
  for (let part = 0; part < 7; part++) {
    await blob(OWN); // reads do not keep it
    advance(MINUTE / 6);
  }
  assertEquals(await ask(`manifests/${before.digest}`), 404);
  assertEquals(await blob(OWN), 404);
  assertEquals([await blob(SHARED), await blob(NEW)], [whole(SHARED), whole(NEW)]);
  await handler.close();
});
