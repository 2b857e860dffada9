// Cases about invalid refs and names.
import { asMap } from "../../../registry/contract/map.ts";
import type { Registry } from "../../../core/registry.ts";
import { collect, refused, type RegistryCase } from "./registry_case.ts";
import { given } from "../given.ts";

type Call = (registry: Registry, none: never) => Promise<unknown>;

const READING: Call[] = [
  (registry, none) => registry.load(none),
  (registry, none) => registry.open(none),
  (registry, none) => registry.info(none),
  (registry, none) => registry.has(none),
  (registry, none) => registry.get(none),
  (registry, none) => collect(registry.versions(none)),
  (registry, none) => collect(registry.aliases(none)),
  (registry, none) => collect(registry.history(none, "production")),
  (registry, none) => collect(registry.watch(none)),
];

const WRITING: Call[] = [
  (registry, none) => registry.save(none, 1),
  (registry, none) => asMap(registry).set(none, 1),
  (registry, none) => asMap(registry).setDefault(none, 1),
  (registry, none) => asMap(registry).pop(none),
  (registry, none) => registry.delete(none),
  (registry, none) => registry.copy(none, "other"),
  (registry, none) => registry.copy("model", none),
  (registry, none) => registry.setAlias(none, "production", "1"),
  (registry, none) => registry.deleteAlias(none, "production"),
  (registry, none) => registry.openDraft(none, { id: "a" }),
];

async function refuseEach(calls: readonly Call[], registry: Registry): Promise<void> {
  for (const call of calls) {
    for (const none of [null, undefined, 7, {}, []]) {
      await refused("Invalid", call(registry, none as never));
    }
  }
}

/** Cases about invalid refs and names. */
export const noRefCases: readonly RegistryCase[] = [
  given(
    "every reading method refuses a ref that is not a string",
    ({ registry }) => refuseEach(READING, registry),
  ),
  given(
    "every writing method refuses a ref that is not a string",
    async ({ registry }) => {
      await registry.save("model", 1);
      await refuseEach(WRITING, registry);
    },
    { needs: ["save"] },
  ),
];
