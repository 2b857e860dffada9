import { openRegistry } from "../../../mod.ts";
import { testOnServers } from "../../servers/server_world.ts";
import { LIFE_CASES } from "./life_cases.ts";
import { RUN_CASES } from "./run_cases.ts";

for (const { name, run } of [...RUN_CASES, ...LIFE_CASES]) {
  testOnServers(`${name}, in a bucket`, ["minio"], async (world) => {
    const registry = await openRegistry(world.store(), { cache: false });
    const other = await openRegistry(world.store(), { cache: false });
    await run({ registry, other });
    await Promise.all([registry.close(), other.close()]);
  });
}
