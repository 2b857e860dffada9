import { rejects } from "node:assert/strict";
import { testRegistry } from "../../conformance/registry.ts";
import type { RegistryToOpen, RegistryUnderTest } from "../../conformance/registry.ts";
import { openRegistry } from "../../../mod.ts";
import { damageRecord } from "../../registry/conformance/open_on.ts";
import { startService, testService } from "./service.ts";

testRegistry(
  (name, run) => Deno.test(name, run),
  async (settings: RegistryToOpen): Promise<RegistryUnderTest> => {
    const service = await startService(settings);
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, service.handler);
    const open = ({ readOnly }: { readOnly: boolean }) =>
      openRegistry(`http://127.0.0.1:${server.addr.port}`, { readOnly });
    const registry = await open({ readOnly: false });
    const close = async () => {
      await service.close();
      await server.shutdown();
    };
    return {
      registry: Object.assign(registry, { [Symbol.asyncDispose]: close }),
      damage: (name, version) => damageRecord(service.backend, `${name}@${version}`, settings),
      reopen: open,
    };
  },
  { name: "http, by its URL" },
);

testService("a mistyped name gets a suggestion of the service", async (service) => {
  const registry = await service.open();
  await registry.save("model", "value");
  const hint = /^Did you mean "model"\? /;
  await rejects(registry.load("modle"), { code: "NotFound", suggestion: "model", hint });
});
