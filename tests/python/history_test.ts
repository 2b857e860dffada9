// The past of a registry and local copies, as Python programs have them.
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { readFile, stat, writeFile } from "node:fs/promises";
import { realSystem } from "../../core/system.ts";
import type { LogEntry } from "../../registry/mod.ts";
import { openRegistry, readLog, type Registry } from "../../mod.ts";
import { noise } from "../registry/registries.ts";
import { orCode, pythonTest, runProgram, served, startReader, withoutMessages } from "./reader.ts";

const REFS = ["a", "a@latest", "a@^1", "a@>=1.0.0-rc.1", "a@2", "a@1.5", "a@prod", "a@gone", "b"];

/** Saves, deletes, overwrites and moves aliases. */
async function live(registry: Registry): Promise<void> {
  await registry.save("a", 0, { version: "1.0.0-rc.1" });
  await registry.save("a", 1, { version: "1.0.0" });
  await registry.setAlias("a", "prod", "1.0.0");
  await registry.save("a", 2, { version: "1.5.0" });
  await registry.save("a", 3, { version: "2.0.0" });
  await registry.setAlias("a", "prod", "2.0.0");
  await registry.setAlias("a", "gone", "1.5.0");
  await registry.deleteAlias("a", "gone");
  await registry.delete("a@1.5.0");
  await registry.save("a", 4, { version: "1.0.0", onConflict: "overwrite" });
  await registry.save("a", 5, { version: "3.0.0" });
  await registry.setAlias("a", "prod", "3.0.0");
  await registry.delete("a@3.0.0", { force: true });
}

pythonTest("Python resolves refs of the past as the product does", async (root) => {
  const path = root.join("registry");
  let ahead = 0;
  const system = { ...realSystem, now: () => realSystem.now() + ahead++ }; // no two changes at one time
  await using registry = await openRegistry(path, { mutable: true, cache: false, system });
  await live(registry);
  const log: LogEntry[] = await Array.fromAsync(readLog(registry, "a"));
  const times = new Set(log.flatMap(({ at }) => [at.getTime() - 1, at.getTime()]));
  const at = [...times, 0, Date.parse("2100-01-01")];
  const answer = (ref: string, time: number) =>
    orCode(async () => {
      const { name, version } = await registry.info(ref, { asOf: new Date(time) });
      return `${name}@${version}`;
    });
  const expected = await Promise.all(REFS.flatMap((ref) => at.map((time) => answer(ref, time))));
  assert(new Set(expected.map((each) => JSON.stringify(each))).size > 3);
  await using reader = startReader();
  const found = await reader.ask({ ask: "moments", refs: REFS, at, location: path });
  assertEquals(withoutMessages(found), expected);

  const changes = await Array.fromAsync(registry.history("a", "gone"));
  const history = changes.map((change) => [
    ...[change.version ?? null, change.createdAt.toISOString(), change.commit],
  ]);
  assertEquals(history.length, 2);
  await using service = served(registry);
  const places = [{ location: path }, { location: service.location, token: service.token }];
  for (const place of places) {
    const asked = { ask: "history", name: "a", alias: "gone", ...place };
    assertEquals(await reader.ask(asked), history);
  }
});

const COPY = `
import holdfast, sys
artifact = holdfast.open_registry(sys.argv[1]).open("a")
print(artifact.path())
print(artifact.path("data.bin"))
`;

pythonTest("local copies are checked, shared by processes, and made again", async (root) => {
  const path = root.join("registry");
  await using registry = await openRegistry(path, { cache: false });
  const bytes = noise(300_000);
  await registry.save("a", bytes);
  const env = { HOLDFAST_PYTHON_CACHE: root.join("cache") };
  const once = () => runProgram(COPY, { args: [path], env });
  const [first, ...others] = await Promise.all([once(), once(), once(), once()]);
  for (const other of others) assertEquals(other, first);
  const [folder = "", file = ""] = first!;
  for (const copy of [`${folder}/data.bin`, file]) {
    assertEquals(new Uint8Array(await readFile(copy)), bytes);
    assertEquals((await stat(copy)).mode & 0o222, 0);
  }
  const { ino } = await stat(file);
  assertEquals(await once(), first);
  assertEquals((await stat(file)).ino, ino, "nothing is copied again");
  await Deno.chmod(file, 0o644);
  await writeFile(file, "changed");
  assertEquals(await once(), first);
  assertNotEquals((await stat(file)).ino, ino);
  assertEquals(new Uint8Array(await readFile(file)), bytes);
});

pythonTest("Python names the commit and the job of a CI token", async (root) => {
  const record = (claims: unknown) =>
    JSON.stringify({ by: { name: "ci", token: "oidc_x", claims } });
  const program = `
import json
from holdfast.core.author import author_in
for line in ${JSON.stringify([{ sha: "3f2c", run_id: "9" }, null, "x"].map(record))}:
    by = author_in(json.loads(line))
    print(by.name, dict(by.claims), by == by and hash(by) == hash(by))
`;
  assertEquals(await runProgram(program, { cwd: root.path }), [
    "ci {'sha': '3f2c', 'run_id': '9'} True",
    ...["ci {} True", "ci {} True"],
  ]);
});
