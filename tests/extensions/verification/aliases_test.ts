import { assertEquals } from "@std/assert";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { testOnEach } from "../../registry/registries.ts";

testOnEach(
  "verifyRegistry() reports an alias without a version only while its name has others",
  async ({ registry }) => {
    for (const value of [1, 2]) await registry.save("a", value);
    await registry.setAlias("a", "production", "2");
    await registry.delete("a@2", { force: true });
    const { problems } = await verifyRegistry(registry);
    assertEquals(problems.map(({ code, ref }) => [code, ref]), [["NotFound", "a@production"]]);
    await registry.delete("a@1"); // the name is gone, one version after another
    assertEquals((await verifyRegistry(registry)).problems, []);
    await registry.save("a", 3);
    assertEquals((await verifyRegistry(registry)).problems.length, 1);
    await registry.delete("a", { allVersions: true, force: true });
    await registry.save("a", 4);
    assertEquals((await verifyRegistry(registry)).problems, []);
  },
);
