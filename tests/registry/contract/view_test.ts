import { asMap } from "../../../registry/contract/map.ts";
import { assertEquals } from "@std/assert";
import { viewBelow } from "../../../examples/registry_view.ts";
import { createMemoryBackend, defineRegistry, openRegistry } from "../../../mod.ts";
import type { DefinedArtifact } from "../../../materializers/mod.ts";
import type { Registry } from "../../../mod.ts";
import { testRegistry } from "../../conformance/registry.ts";
import { damageRecord, openOn } from "../conformance/open_on.ts";
import { rejected } from "../rejected.ts";
import { withoutStore } from "./without_store.ts";
import { IS_QUICK } from "../../support/seeds.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";

/** Saves and deletes below a prefix. */
function writerBelow(inner: Registry, prefix: string): Registry {
  const save = (artifact: string | DefinedArtifact<unknown>, value: unknown, options?: object) =>
    inner.save(`${prefix}${artifact}`, value, options);
  return {
    ...withoutStore(inner),
    save: save as Registry["save"],
    delete: (ref, options) => inner.delete(prefix + ref, options),
    setAlias: (name, alias, version, options) =>
      inner.setAlias(prefix + name, alias, version, options),
    deleteAlias: (name, alias, options) => inner.deleteAlias(prefix + name, alias, options),
  };
}

// Registries in memory and of a service have the same cases in a quick run.
testRegistry((name, run) => Deno.test({ name, ignore: IS_QUICK, fn: run }), async (settings) => {
  const inner = await openRegistry("memory:", settings);
  for (const name of ["other", "team", "team-b/model", "z"]) await inner.save(name, "of others");
  const view = () => viewBelow(inner, "team/");
  return {
    registry: view(),
    writer: writerBelow(inner, "team/"),
    damage: (name, version) => damageRecord(inner.backend, `team/${name}@${version}`),
    reopen: () => Promise.resolve(view()),
  };
}, { name: "a view below a prefix", features: ["download", "mutable", "unversioned"] });

/** A class with the methods that write, and none that derive from others. */
class Own {
  readonly id: string;
  readonly location = "a class";
  readonly settings: Registry["settings"];
  readonly materializers: Registry["materializers"];
  readonly #inner: Registry;
  constructor(inner: Registry) {
    this.#inner = inner;
    this.id = inner.id;
    this.settings = inner.settings;
    this.materializers = inner.materializers;
  }
  open: Registry["open"] = (ref, options) => this.#inner.open(ref, options);
  names(...args: Parameters<Registry["names"]>) {
    return this.#inner.names(...args);
  }
  versions(...args: Parameters<Registry["versions"]>) {
    return this.#inner.versions(...args);
  }
  save: Registry["save"] = (...args: [never, never]) => this.#inner.save(...args);
  delete: Registry["delete"] = (...args) => this.#inner.delete(...args);
  undelete: Registry["undelete"] = (...args) => this.#inner.undelete(...args);
  setAlias: Registry["setAlias"] = (...args) => this.#inner.setAlias(...args);
  deleteAlias: Registry["deleteAlias"] = (...args) => this.#inner.deleteAlias(...args);
  aliases: Registry["aliases"] = (...args) => this.#inner.aliases(...args);
  history: Registry["history"] = (...args) => this.#inner.history(...args);
  copy: Registry["copy"] = (...args) => this.#inner.copy(...args);
  openDraft: Registry["openDraft"] = (...args) => this.#inner.openDraft(...args);
}

testRegistry((name, run) => Deno.test({ name, ignore: IS_QUICK, fn: run }), async (settings) => {
  const backend = createMemoryBackend();
  const { registry, damage, reopen } = await openOn(() => backend, settings);
  const own = (inner: Registry) => defineRegistry(new Own(inner));
  return { registry: own(registry), damage, reopen: async (options) => own(await reopen(options)) };
}, {
  name: "a registry that is defined",
  features: ["save", "mutable", "unversioned", "download", "readOnly"],
});

Deno.test("a minimal defined registry has no aliases and is read-only", async () => {
  const { location, id, settings, materializers, open, names, versions } = await openRegistry(
    "memory:",
  );
  const registry = defineRegistry({ location, id, settings, materializers, open, names, versions });
  assertEquals(await aliasesOf(registry, "a"), {});
  await rejected("NotFound", Array.fromAsync(registry.history("a", "production")));
  await rejected("Invalid", aliasesOf(registry, " a"));
  for (
    const write of [
      () => registry.save("a", 1),
      () => asMap(registry).set("a", 1),
      () => registry.delete("a", { allVersions: true }),
      () => registry.undelete("a@1"),
      () => registry.setAlias("a", "production", "1"),
      () => registry.deleteAlias("a", "production"),
      () => registry.copy("a", "b"),
      () => registry.openDraft("a", { id: "1" }),
    ]
  ) {
    await rejected("Unsupported", write(), /"a(@1)?": the registry at \S+ is read-only$/m);
  }
  assertEquals([registry.backend, registry.service], [undefined, undefined]);
  await registry[Symbol.asyncDispose]();
});

Deno.test("defineRegistry() refuses missing members", async () => {
  const { location, id, settings, materializers } = await openRegistry("memory:");
  const parts = { location, id, settings, materializers } as never;
  const { message } = await rejected(
    "Invalid",
    Promise.resolve().then(() => defineRegistry(parts)),
  );
  assertEquals(message, "Cannot define a registry: it has no open, names, versions");
});
