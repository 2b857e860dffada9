import {
  type RegistryFeature,
  type RegistryToOpen,
  type RegistryUnderTest,
  testRegistry,
} from "../../conformance/registry.ts";
import { damageRecord } from "../../registry/conformance/open_on.ts";
import { IS_QUICK } from "../../support/seeds.ts";
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

/** Cases that take long. In a quick run, `registries_test.ts` has them in memory and on a disk. */
const LONG = /versions of a changed file|pieces\(\) of a large file|keeps many files/;

testRegistry(
  (name, run) => Deno.test({ name, ignore: IS_QUICK && LONG.test(name), fn: run }),
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
