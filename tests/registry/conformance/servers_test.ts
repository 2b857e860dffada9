import { realSystem } from "../../../core/system.ts";
import { testRegistry } from "../../conformance/registry.ts";
import { createServerStore, locationOn } from "../../servers/server_world.ts";
import { kindsOfShare, REAL_SERVERS, serverTest, sharedServer } from "../../support/servers/mod.ts";
import { openAt } from "./open_on.ts";

for (const kind of kindsOfShare("registries", REAL_SERVERS)) {
  testRegistry((name, run) => serverTest(name, kind, run), async (settings) => {
    const server = await sharedServer(kind);
    const prefix = realSystem.id();
    const { url, env } = locationOn(server, prefix);
    const system = { ...realSystem, env: (name: string) => env[name] };
    const store = createServerStore(server, { prefix });
    return await openAt(url, { store, settings, system });
  }, { name: kind });
}
