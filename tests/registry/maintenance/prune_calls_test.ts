import { assertEquals, assertLessOrEqual } from "@std/assert";
import { createMemoryBackend, openRegistry, prune } from "../../../mod.ts";
import { withCounts } from "../../bench/counted_backend.ts";

const VERSIONS = 200;
const ALIASES = 40;

Deno.test("prune() reads an alias once, however many versions it deletes", async () => {
  const { backend, calls } = withCounts(createMemoryBackend());
  const registry = await openRegistry(backend);
  for (let n = 1; n <= VERSIONS; n++) await registry.save("a", n);
  for (let n = 0; n < ALIASES; n++) {
    await registry.setAlias("a", `alias-${n}`, String(VERSIONS - n));
  }
  calls.take();
  const { deleted } = await prune(registry, { keepLast: ALIASES });
  assertEquals(deleted.length, VERSIONS - ALIASES);
  const { list, get } = calls.counts;
  const batches = Math.ceil(deleted.length / 16) + 2;
  assertLessOrEqual(list, deleted.length + 4 * batches, "one to delete each, few for each batch");
  assertLessOrEqual(
    get,
    deleted.length + ALIASES + ALIASES,
    "one to delete each, and one for each alias and kept version",
  );
});
