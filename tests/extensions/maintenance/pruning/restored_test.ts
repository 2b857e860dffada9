// Versions that were deleted and restored, beside rules that delete them.
import { assertEquals } from "@std/assert";
import { prune } from "../../../../extensions/maintenance/pruning/mod.ts";
import { withoutStore } from "../../../registry/contract/without_store.ts";
import { testOnEach } from "../../../registry/registries.ts";
import { collect } from "../../../registry/rejected.ts";
import { withAge } from "../../../registry/with_age.ts";

const DAY_MS = 24 * 3_600_000;

testOnEach("prune() keeps a restored version for the grace period", async ({ registry, open }) => {
  for (let i = 1; i <= 4; i++) await registry.save("a", i);
  await prune(registry, { keepLast: 1 });
  await registry.undelete("a@2");
  for (const each of [withoutStore(registry), registry]) {
    const { deleted, kept, restored } = await prune(each, { keepLast: 1 });
    assertEquals([deleted, kept, restored], [[], 2, 1]);
  }
  const versions = await collect(registry.versions("a"));
  assertEquals(versions.map(({ version }) => version), ["4.0.0", "2.0.0"]);
  const later = await open({}, (backend) => withAge(backend, 2 * DAY_MS));
  const { deleted, restored } = await prune(later, { keepLast: 1 });
  assertEquals([deleted, restored], [[{ name: "a", version: "2.0.0" }], undefined]);
});
