import { realSystem } from "../../../core/system.ts";
import { testRegistry } from "../../conformance/registry.ts";
import { createServerStore } from "../../servers/server_world.ts";
import { kindsOfShare, REAL_SERVERS, serverTest, sharedServer } from "../../support/servers/mod.ts";
import { openOn } from "./open_on.ts";

for (const kind of kindsOfShare("registries", REAL_SERVERS)) {
  testRegistry((name, run) => serverTest(name, kind, run), async (settings) => {
    const server = await sharedServer(kind);
    const prefix = realSystem.id();
    return openOn(() => createServerStore(server, { prefix }), settings);
  }, { name: kind });
}
