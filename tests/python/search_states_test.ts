// The state in which the run of a version ended is the same in Python, by a folder and by a service.
import { assertEquals } from "@std/assert";
import { endStateOf } from "../../core/registry/conditions/end_state.ts";
import { openRegistry } from "../../mod.ts";
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
