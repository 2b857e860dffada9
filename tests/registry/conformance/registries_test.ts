import { createLocalBackend, openRegistry } from "../../../mod.ts";
import { testRegistry } from "../../conformance/registry.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { damageRecord, openAt } from "./open_on.ts";

testRegistry((name, run) => Deno.test(name, run), async (settings) => {
  const registry = await openRegistry("memory:", settings);
  return {
    registry,
    reopen: ({ readOnly }) => openRegistry(registry.backend, { readOnly, cache: false }),
    damage: (name, version) => damageRecord(registry.backend, `${name}@${version}`, settings),
  };
}, { name: "memory" });

testRegistry((name, run) => Deno.test(name, run), async (settings) => {
  const root = await tempRoot();
  const location = root.join("registry");
  const store = createLocalBackend({ path: location, durability: "os" });
  const { registry, ...more } = await openAt(location, { store, settings });
  const dispose = registry[Symbol.asyncDispose].bind(registry);
  const removing = async () => {
    await dispose();
    await root.remove();
  };
  return { registry: Object.assign(registry, { [Symbol.asyncDispose]: removing }), ...more };
}, { name: "local" });
