import { assertEquals } from "@std/assert";
import { isPrefix } from "../../../../core/backend.ts";
import { RegistryError } from "../../../../core/errors.ts";
import { verifyRegistry, type VerifyReport } from "../../../../apps/maintenance.ts";
import { createVerifyWorld, DAY, fillAtRandom, type VerifyWorld } from "./verify_world.ts";

const PARTS = 4;

/** Opens the registry on a machine that may not read some places. */
function openRefused(world: VerifyWorld, place: string) {
  const denied = (key: string) =>
    new RegistryError({ code: "Denied", message: `Cannot get ${key}: denied`, hint: "Ask.", key });
  return world.open({}, (backend) => ({
    ...backend,
    get: (key, options) =>
      key.startsWith(place) ? Promise.reject(denied(key)) : backend.get(key, options),
    async *list(prefix, options) {
      for await (const entry of backend.list(prefix, options)) {
        if (place === "names/pack" && !isPrefix(entry) && entry.key.startsWith(place)) {
          throw denied(place);
        }
        yield entry;
      }
    },
  }));
}

/** Verifies a part of the registry in a note of its own. */
type VerifyPart = (
  registry: VerifyWorld["registry"],
  part: number,
) => Promise<VerifyReport>;

const shard: VerifyPart = (registry, index) =>
  verifyRegistry(registry, { shard: { index, count: PARTS } });
const sample: VerifyPart = (registry) => verifyRegistry(registry, { sample: 1 / PARTS });

for (const [how, verify] of Object.entries({ shard, sample })) {
  for (const place of ["names/pack", "names/pack/versions/", "objects/pack/"]) {
    Deno.test(`a ${how} that may not read ${place} is not ok, and its bytes are not covered`, async () => {
      const whole = await createVerifyWorld(1), world = await createVerifyWorld(1);
      for (const each of [whole, world]) await fillAtRandom(each);
      const refused = await openRefused(world, place);
      let missing = 0;
      for (let part = 0; part < PARTS; part++) {
        for (const each of [whole, world]) each.advance(DAY);
        const right = await verify(whole.registry, part), report = await verify(refused, part);
        if (report.bytes < right.bytes) assertEquals(report.ok, false, `${part}`);
        if (report.bytes < right.bytes) missing++;
        if (part === PARTS - 1) assertEquals(report.coverage!.damaged * PARTS >= missing, true);
      }
      assertEquals(missing > 0, true);
      for (let part = 0; part < PARTS; part++) {
        world.advance(DAY);
        const { ok, coverage } = await verify(world.registry, part);
        assertEquals(ok, true);
        if (part === PARTS - 1) assertEquals([coverage!.unread, coverage!.damaged], [0, 0]);
      }
    });
  }
}
