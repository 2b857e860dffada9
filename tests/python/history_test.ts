// The past of a registry, searches, ranges of files and local copies, as Python programs have them.
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { readFile, stat, writeFile } from "node:fs/promises";
import { createHandler } from "../../apps/server.ts";
import type { LogEntry } from "../../registry/mod.ts";
import { logOf, openRegistry, type Registry } from "../../mod.ts";
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
  await using registry = await openRegistry(path, { mutable: true, cache: false });
  await live(registry);
  const log: LogEntry[] = await Array.fromAsync(logOf(registry, "a"));
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

const QUERIES = [
  ...["", "bert", "BERT", '"two words"', "metadata.epochs>3", "metadata.epochs>=3", "x y"],
  ...["metadata.data.rows=7", "metadata.epochs!=3", "kind=json", "alias=production", "version<2"],
  ...["created>=2020", "created<2020", "name=bert:base", "metadata.ok=true", "metadata.epochs>"],
  ...["epochs>3", '"epochs>3"', "metadata.none=1", "metadata.kind=b", "metadata.kind>a"],
];

pythonTest("Python searches a folder as the service does", async (root) => {
  const path = root.join("registry");
  await using registry = await openRegistry(path, { cache: false });
  const metadata = { epochs: 3, data: { rows: 7 }, ok: true, kind: "b", note: "two words" };
  await registry.save("bert:base", { a: 1 }, { metadata });
  await registry.save("bert:base", "text", { metadata: { ...metadata, epochs: 12 } });
  await registry.setAlias("bert:base", "production", "1.0.0");
  await registry.save("other", "x");
  await using reader = startReader();
  await using service = served(registry);
  const { location, token } = service;
  const asked = { ask: "search", queries: QUERIES };
  const expected = await reader.ask<unknown[]>({ ...asked, location, token });
  assertEquals(expected.slice(1, 2), [["bert:base@2.0.0", "bert:base@1.0.0"]]);
  const found = await reader.ask({ ...asked, location: path });
  assertEquals(withoutMessages(found), withoutMessages(expected));
});

const RANGES = `
import holdfast, sys
for location in sys.argv[1:]:
    registry = holdfast.open_registry(location)
    for name in ("big", "small", "packed"):
        file = registry.open(name).file("data.bin")
        data = file.read()
        for offset, size in ((0, 3), (8_388_600, 20), (len(data) - 2, 9), (len(data), 1), (5, 0)):
            assert file.range(offset, size) == data[offset:offset + size], (name, offset, size)
        print(name, len(data))
`;

pythonTest("Python reads ranges of files", async (root) => {
  const path = root.join("registry");
  await using registry = await openRegistry(path, { cache: false });
  await registry.save("big", noise(20_000_000));
  await registry.save("small", noise(100_000));
  await registry.save("packed", new Uint8Array(9_000_000), { compress: "gzip" });
  await using handler = createHandler(registry);
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
  const args = [path, `http://127.0.0.1:${server.addr.port}`];
  const lines = ["big 20000000", "small 100000", "packed 9000000"];
  assertEquals(await runProgram(RANGES, { args }), [...lines, ...lines]);
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
