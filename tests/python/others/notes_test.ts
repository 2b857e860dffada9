// Notes and labels that Python reads without a service.
import { assertEquals } from "@std/assert";
import { openRegistry, type Registry } from "../../../mod.ts";
import { annotate } from "../../../registry/mod.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

const READ = `
import json, sys
import holdfast
for place, token in (sys.argv[1:3], [sys.argv[3], None]):
    registry = holdfast.connect(place, token=token) if token else holdfast.open_registry(place)
    for ref in sys.argv[4:]:
        try:
            print(json.dumps(registry.annotations(ref)).replace("NaN", '"nan"'))
        except holdfast.HoldfastError as error:
            print(json.dumps(error.code))
`;

/** Returns what Python reads of each ref, from the service and then from the folder. */
async function read(registry: Registry, path: string, refs: string[]): Promise<unknown[][]> {
  await using service = served(registry, ["read:*"]);
  const args = [service.location, service.token!, path, ...refs];
  const answers = (await runProgram(READ, { args })).map((line) => JSON.parse(line));
  return [answers.slice(0, refs.length), answers.slice(refs.length)];
}

pythonTest("Python reads notes and labels from a folder as from a service", async (root) => {
  const path = root.join("registry");
  await using registry = await openRegistry(path, { cache: false, by: "ann" });
  for (const version of ["1.0.0", "10.2.0-rc.1", "2.0.0"]) {
    await registry.save("a:b", version, { version });
  }
  await registry.setAlias("a:b", "best", "2");
  await annotate(registry, "a:b", { notes: "all" });
  await annotate(registry, "a:b@10.2.0-rc.1", { labels: { at: "NaN", deep: { n: [1, null] } } });
  await annotate(registry, "a:b@2", { notes: "two", labels: { gone: 1 } });
  await annotate(registry, "a:b@2", { labels: { gone: null } });
  const refs = ["a:b", "a:b@1", "a:b@10.2.0-rc.1", "a:b@best", "a:b@^2", "a:b@3", "none", "@"];
  const [served, stored] = await read(registry, path, refs) as [Record<string, unknown>[], unknown];
  assertEquals(stored, served);
  assertEquals(served.map((each) => each.notes ?? each.labels ?? each), [
    ...["all", {}, { at: "nan", deep: { n: [1, null] } }, "two", "two"],
    ...["NotFound", "NotFound", "Invalid"],
  ]);
});

pythonTest("Python reads them of a registry without versions", async (root) => {
  const path = root.join("registry");
  await using registry = await openRegistry(path, { versioned: false, cache: false });
  await registry.save("a", 1);
  await annotate(registry, "a@1.0.0", { labels: { stage: "ready" } });
  const [served, stored] = await read(registry, path, ["a", "a@1.0.0"]);
  assertEquals(stored, served);
  assertEquals((served as { labels: unknown }[])[1]?.labels, { stage: "ready" });
});
