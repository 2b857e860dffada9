import { testRegistry } from "../../conformance/registry.ts";
import type { RegistryToOpen, RegistryUnderTest } from "../../conformance/registry.ts";
import { startService } from "./service.ts";

testRegistry((name, run) => Deno.test(name, run), async (settings: RegistryToOpen): Promise<RegistryUnderTest> => {
  const service = await startService(settings);
  const registry = await service.open();
  return {
    registry: Object.assign(registry, { [Symbol.asyncDispose]: () => service.close() }),
    reopen: ({ readOnly }) => service.open({ readOnly }),
  };
}, { name: "http" });
