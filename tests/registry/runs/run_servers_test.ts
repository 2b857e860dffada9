import { openRegistry } from "../../../mod.ts";
import { testOnServers } from "../../servers/server_world.ts";
import { RUN_CASES } from "./run_cases.ts";

for (const { name, run } of RUN_CASES) {
  testOnServers(`${name}, in a bucket`, ["minio"], async (world) => {
    await using registry = await openRegistry(world.store(), { cache: false });
    await using other = await openRegistry(world.store(), { cache: false });
    await run({ registry, other });
  });
}
