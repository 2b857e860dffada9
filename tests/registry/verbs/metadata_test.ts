import { assertEquals } from "@std/assert";
import { mirrorRegistry, openRegistry } from "../../../mod.ts";
import { withHooks } from "../with_hooks.ts";
import { noise, testInMemory } from "../registries.ts";

testInMemory(
  "save() keeps metadata and inputs as they were when it was called",
  async ({ registry, open }) => {
    const metadata: Record<string, unknown> = { x: [1] }, inputs = ["raw@1"];
    const slow = await open({}, (inner) =>
      withHooks(inner, {
        before({ verb }) {
          if (verb !== "put") return;
          metadata.x = () => "no JSON";
          inputs.push("later");
        },
      }));
    await slow.save("a", noise(400_000), { metadata, inputs });
    const info = await registry.info("a");
    assertEquals([info.metadata, info.inputs], [{ x: [1] }, ["raw@1"]]);
  },
);

testInMemory(
  "inputs may say the digests that they had, and are copied and mirrored as they are",
  async (world) => {
    const { registry } = world;
    const { digest } = await registry.save("raw", "data");
    const inputs = ["config", { ref: "raw@1", digest }, { ref: "raw@^1" }];
    await registry.save("a", 1, { inputs });
    assertEquals((await registry.info("a")).inputs, inputs);
    await registry.copy("a", "b");
    assertEquals((await registry.info("b")).inputs, inputs);
    const there = await openRegistry("memory:");
    assertEquals((await mirrorRegistry(registry, there)).failures, []);
    assertEquals((await there.info("a")).inputs, inputs);
  },
);
