import { assertEquals } from "@std/assert";
import { createSlurmEngine } from "../../../operators/engines/slurm.ts";
import { startSlurm } from "../../support/servers/programs/slurm.ts";
import { programTest } from "../../support/servers/programs/program_tests.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { linesOf, untilLine, untilState } from "./conformance.ts";

programTest(
  "a step goes on while the daemon of its node is killed, and its end is known",
  "slurm",
  async () => {
    await using slurm = await startSlurm();
    await using root = await tempRoot();
    await using engine = createSlurmEngine({ env: slurm.env });
    const script = "echo begun >> times; while [ ! -e go ]; do sleep 0.05; done";
    const step = {
      ...{
        run: "r@1",
        step: "s",
        name: "killed-node",
        command: ["sh", "-c", script],
        cwd: root.path,
      },
      ...{ env: {}, resources: {} },
    };
    const id = await engine.submit(step);
    await untilLine(root.join("times"));
    await slurm.killNode();
    assertEquals((await engine.poll([id]))[0].state, "running");
    await Deno.writeTextFile(root.join("go"), "");
    await slurm.startNode();
    assertEquals((await untilState(engine, id)).state, "ended");
    assertEquals(await linesOf(root.join("times")), ["begun"]);
  },
);
