import {
  type RegistryFeature,
  type RegistryToOpen,
  type RegistryUnderTest,
  testRegistry,
} from "../../conformance/registry.ts";
import { damageRecord } from "../../registry/conformance/open_on.ts";
import { startService } from "./service.ts";

/** Node and Bun run a bundle without the module that writes to a disk. */
const isBundle = !globalThis.navigator?.userAgent?.startsWith("Deno");
const features: RegistryFeature[] = [
  "annotations",
  "save",
  "mutable",
  "unversioned",
  "readOnly",
  ...isBundle ? [] : ["download" as const],
];

testRegistry(
  (name, run) => Deno.test(name, run),
  async (settings: RegistryToOpen): Promise<RegistryUnderTest> => {
    const service = await startService(settings);
    const registry = await service.open();
    return {
      registry: Object.assign(registry, { [Symbol.asyncDispose]: () => service.close() }),
      damage: (name, version) => damageRecord(service.backend, `${name}@${version}`, settings),
      reopen: ({ readOnly }) => service.open({ readOnly }),
    };
  },
  { name: "http, in process", features },
);
