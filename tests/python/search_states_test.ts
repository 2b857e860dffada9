// Searches find the same in Python by a folder and by a service: states of runs, and words.
import { assertEquals } from "@std/assert";
import { endStateOf } from "../../core/registry/conditions/end_state.ts";
import { openRegistry } from "../../mod.ts";
import { annotate } from "../../registry/mod.ts";
import { pythonTest, runProgram, served } from "./reader.ts";

const RUN = { id: "7", startedAt: "2026-01-01T00:00:00.000Z", points: 1 };
const CASES: Readonly<Record<string, Record<string, unknown>>> = {
  finished: { run: RUN },
  failed: { run: { ...RUN, failed: "the loss is NaN" } },
  killed: { run: { ...RUN, failed: "KILLED" } },
  cancelled: { run: "fit@1", pipeline: "fit", end: "cancelled" },
  none: { state: "failed", run: { failed: "KILLED" } },
};

const PROGRAM = `
import sys
import holdfast

for registry in (holdfast.connect(sys.argv[1], token=sys.argv[2]), holdfast.open_registry(sys.argv[3])):
    for state in ("finished", "failed", "killed", "cancelled", ""):
        print(state, *(found.name for found in registry.search(f"state={state}")))
`;

pythonTest("versions have the same states in Python", async (root) => {
  const location = root.join("registry");
  await using registry = await openRegistry(location, { cache: false });
  for (const [name, metadata] of Object.entries(CASES)) {
    await registry.save(name, 1, { metadata });
    assertEquals(endStateOf(metadata) ?? "none", name);
  }
  await using service = served(registry);
  const args = [service.location, service.token!, location];
  const states = ["finished", "failed", "killed", "cancelled"].map((state) => `${state} ${state}`);
  const lines = [...states, " none"];
  assertEquals(await runProgram(PROGRAM, { args }), [...lines, ...lines]);
});

const WORDS = `
import json, sys
import holdfast

for registry in (holdfast.connect(sys.argv[1], token=sys.argv[2]), holdfast.open_registry(sys.argv[3])):
    print([len(registry.search(word)) for word in json.loads(sys.argv[4])])
`;

pythonTest("the same words find a version with a service and without one", async (root) => {
  const location = root.join("registry");
  await using registry = await openRegistry(location, { cache: false });
  const metadata = { lr: 1e-5, decay: 1.5e-7, whole: 3, half: -0.5, big: 1e21, ok: true };
  await registry.save("m", 1, { metadata });
  await annotate(registry, "m@1", { notes: "Careful: it forgets", labels: { stage: "in review" } });
  const found = ["0.00001", "1.5e-7", "-0.5", "1e+21", "true", "CAREFUL", '"in review"'];
  const words = JSON.stringify([...found, "1e-05", "1.5e-07", "3.0", "cats"]);
  await using service = served(registry);
  const [remote, local] = await runProgram(WORDS, {
    args: [service.location, service.token!, location, words],
  });
  assertEquals([remote, local], Array(2).fill("[1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]"));
});
