import { assertEquals } from "@std/assert";
import type { StoredRegistry } from "../../../mod.ts";
import { testInMemory } from "../registries.ts";
import { collect, rejected } from "../rejected.ts";

/** Each verb that takes a ref or a name, given what is none. */
const VERBS: Record<string, (registry: StoredRegistry, none: never) => Promise<unknown>> = {
  save: (registry, none) => registry.save(none, 1),
  load: (registry, none) => registry.load(none),
  open: (registry, none) => registry.open(none),
  info: (registry, none) => registry.info(none),
  has: (registry, none) => registry.has(none),
  get: (registry, none) => registry.get(none),
  set: (registry, none) => registry.set(none, 1),
  setDefault: (registry, none) => registry.setDefault(none, 1),
  pop: (registry, none) => registry.pop(none),
  delete: (registry, none) => registry.delete(none),
  copy: (registry, none) => registry.copy(none, "other"),
  "copy to": (registry, none) => registry.copy("model", none),
  download: (registry, none) => registry.download(none, { to: "unused" }),
  versions: (registry, none) => collect(registry.versions(none)),
  aliases: (registry, none) => Promise.resolve(registry.aliases(none)),
  setAlias: (registry, none) => registry.setAlias(none, "production", "1"),
  deleteAlias: (registry, none) => registry.deleteAlias(none, "production"),
  history: (registry, none) => collect(registry.history(none, "production")),
  openDraft: (registry, none) => registry.openDraft(none, { id: "a" }),
  watch: (registry, none) => collect(registry.watch(none)),
};

testInMemory("what is no ref is refused by every verb that takes one, with the verb's words", async ({ registry }) => {
  await registry.save("model", 1);
  for (const [verb, call] of Object.entries(VERBS)) {
    for (const none of [null, undefined, 7, {}, []]) {
      const { message } = await rejected("Invalid", call(registry, none as never));
      assertEquals([verb, /not a text|not a name/.test(message)], [verb, true], message);
    }
  }
});
