import { assertEquals } from "@std/assert";
import { createOperators } from "../../../operators/mod.ts";
import { runPipeline } from "../../../operators/runner/mod.ts";
import { HOUR, testProtocol } from "../../registry/protocol_world.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { pipeline, step } from "./pipelines.ts";

const shared = pipeline([step("split", { shards: 3, outputs: { data: "registry:data" } })]);

testProtocol(
  "shards that nobody completed for days are done again, whether or not a janitor came",
  {},
  async (world) => {
    await using root = await tempRoot();
    const ran: number[] = [];
    let broken = true;
    const operators = createOperators();
    operators.register("split", {
      async run({ shard, outputRoot }) {
        ran.push(shard!.index);
        await Deno.writeTextFile(`${outputRoot}/part-${shard!.index}.txt`, String(ran.length));
        if (broken && shard!.index === 2) throw new Error("the disk is full");
      },
      command: () => ["true"],
    });
    const options = { registry: world.registry, operators, root: root.path, concurrency: 1 };
    assertEquals((await runPipeline(shared, options)).end, "failed");

    for (const days of [6, 12]) { // the second time what was given up is old too
      world.advance(days * 24 * HOUR);
      broken = days === 6;
      ran.length = 0;
      const { end } = await runPipeline(shared, options);
      assertEquals([end, ran], [broken ? "failed" : "ok", [0, 1, 2]], `after ${days} days`);
    }
    const data = await world.registry.open("data");
    assertEquals(data.files().map(({ info }) => info.path), ["part-0.txt", "part-1.txt", "part-2.txt"]);
    assertEquals((await Array.fromAsync(world.registry.versions("data"))).length, 1);
  },
);
