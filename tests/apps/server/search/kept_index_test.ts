// An index in a folder: what the next process reads, and what damage of its files costs.
import { assert, assertEquals } from "@std/assert";
import {
  cp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../../../../core/bytes/digest.ts";
import { clearCache, createMemoryBackend, inspectCache, openRegistry } from "../../../../mod.ts";
import { withCounts } from "../../../bench/counted_backend.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { canMount, smallDisk } from "../../../support/small_disk.ts";
import { casesOfRun } from "../../../support/seeds.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { createSearched, openIndex, type SearchedRegistry } from "./open_index.ts";

const BLOCKS = { blockSize: 8 };

/** Builds the index of a registry in a folder. Returns the paths of its list and its blocks. */
async function build(
  { registry, system, refs }: SearchedRegistry,
  folder: string,
): Promise<{ list: string; blocks: string }> {
  const service = openIndex(registry, system, { ...BLOCKS, folder });
  assertEquals(await service.find(""), refs);
  await service.close();
  const [own = ""] = await readdir(folder);
  const files = await readdir(join(folder, own));
  const blocks = files.find((file) => file.endsWith(".blocks"))!;
  return { list: join(folder, own, "index"), blocks: join(folder, own, blocks) };
}

testInRoot(
  "the first process lists only names with many records again",
  async ({ path: folder }) => {
    await using searched = await createSearched();
    searched.calls.take();
    await build(searched, folder);
    const { get = 0, list = 0 } = searched.calls.counts;
    assert(get < 90 && list <= 42, `${get} gets, ${list} lists`); // 38 of "z", which has fifty versions
  },
);

Deno.test("the first process reads no version of a longer name twice", async () => {
  const system = createScriptedSystem();
  const { backend, calls } = withCounts(createMemoryBackend({ system }));
  await using registry = await openRegistry(backend, { system });
  for (let at = 0; at < 25; at++) await registry.save("a", at);
  calls.take();
  const service = openIndex(registry, system);
  assertEquals((await service.find("")).length, 25);
  assert(calls.counts.get! <= 30, `${calls.counts.get} gets`);
  await service.close();
});

testInRoot("the next process reads only what has changed since", async ({ path: folder }) => {
  await using searched = await createSearched();
  const { registry, system, calls, refs } = searched;
  await build(searched, folder);

  calls.take();
  const second = openIndex(registry, system, { ...BLOCKS, folder });
  assertEquals(await second.find(""), refs);
  assertEquals(Object.keys(calls.counts), ["list"]);
  await second.close();

  await registry.save("m", 2, { metadata: { at: 2 } });
  await registry.delete("b@1.0.0");
  await registry.delete("z@7.0.0");
  await registry.setAlias("z", "best", "3.0.0");
  calls.take();
  const third = openIndex(registry, system, { ...BLOCKS, folder });
  const left = refs.filter((ref) => ref !== "b@1.0.0" && ref !== "z@7.0.0");
  left.splice(left.indexOf("m@1.0.0"), 0, "m@2.0.0");
  assertEquals(await third.find(""), left);
  assertEquals(await third.find("alias=best"), ["z@3.0.0"]);
  const { get = 0, list = 0 } = calls.counts;
  assert(get <= 5 && list <= 20, `${get} gets, ${list} lists`);
  await third.close();
});

testInRoot("deleted versions are gone at once, and come back", async ({ path: folder }) => {
  await using searched = await createSearched();
  const { registry, system } = searched;
  const service = openIndex(registry, system, { ...BLOCKS, folder });
  const own = async (change: Promise<unknown>) => {
    await change;
    await service.writes.note("z");
    return (await service.find("name=z metadata.at=7")).length;
  };
  assertEquals(await service.find("name=z metadata.at=7"), ["z@7.0.0"]);
  assertEquals(await own(registry.delete("z@7.0.0")), 0);
  assertEquals(await own(registry.undelete("z@7.0.0")), 1);
  await service.close();
});

testInRoot("files of an index are readable by their owner alone", async ({ path: folder }) => {
  await using searched = await createSearched();
  const { list, blocks } = await build(searched, folder);
  const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
  assertEquals([await modeOf(list), await modeOf(blocks)], [0o600, 0o600]);
  assertEquals(await modeOf(join(list, "..")), 0o700);
  assert(!blocks.includes(searched.registry.id));
});

testInRoot("the cache of the machine counts and clears indexes", async (root) => {
  await using searched = await createSearched();
  const { registry, system, refs } = searched;
  const folder = root.join("search");
  await Deno.chmod(root.path, 0o700);
  const service = openIndex(registry, system, { ...BLOCKS, folder });
  await service.find("");
  assertEquals((await inspectCache({ path: root.path })).files, 2);
  assertEquals((await clearCache({ path: root.path })).files, 2);
  assertEquals((await inspectCache({ path: root.path })).files, 0);
  await registry.save("zz", 1);
  await service.refresh();
  assertEquals(await service.find(""), [...refs, "zz@1.0.0"]);
  await service.close();
  const files = (await inspectCache({ path: root.path })).files;
  assertEquals(files, 2, "the index was not kept again");
  const next = openIndex(registry, system, { ...BLOCKS, folder });
  const { calls } = searched;
  calls.take();
  assertEquals(await next.find(""), [...refs, "zz@1.0.0"]);
  assertEquals(Object.keys(calls.counts), ["list"]);
  await next.close();
});

interface Files {
  list: string;
  blocks: string;
}

/** Writes the list again, with a checksum that fits. */
async function changeList(
  { list }: Files,
  change: (value: Record<string, unknown>) => void,
): Promise<void> {
  const [, text = ""] = (await readFile(list, "utf8")).split("\n");
  const value = JSON.parse(text);
  change(value);
  const next = JSON.stringify(value);
  await writeFile(list, `${sha256(next)}\n${next}`);
}

const DAMAGE: Record<string, (files: Files) => Promise<unknown>> = {
  "an empty list": ({ list }) => truncate(list, 0),
  "a list that was written half": async ({ list }) =>
    truncate(list, Math.floor((await stat(list)).size / 2)),
  "a list of another kind": ({ list }) => writeFile(list, "hello\n{}"),
  "a list of another release": (files) =>
    changeList(files, (value) => value.format = "holdfast-search/0"),
  "a list of another registry": (files) =>
    changeList(files, (value) => value.registry = sha256("other")),
  "a list with a file elsewhere": (files) =>
    changeList(files, ({ blocks }) => {
      for (const block of blocks as { file: string }[]) block.file = "../../secret.blocks";
    }),
  "no list": ({ list }) => rm(list),
  "no blocks": ({ blocks }) => rm(blocks),
  "blocks that were cut": async ({ blocks }) =>
    truncate(blocks, Math.floor((await stat(blocks)).size / 2)),
  "blocks of zeros": async ({ blocks }) =>
    writeFile(blocks, new Uint8Array((await stat(blocks)).size)),
  "a folder in place of the blocks": async ({ blocks }) => {
    await rm(blocks);
    await Deno.mkdir(blocks);
  },
};

for (const [what, damage] of Object.entries(DAMAGE)) {
  testInRoot(`an index with ${what} is read again`, async ({ path: folder }) => {
    await using searched = await createSearched();
    const { registry, system, refs } = searched;
    await damage(await build(searched, folder));
    const service = openIndex(registry, system, { ...BLOCKS, folder });
    assertEquals(await service.find(""), refs);
    assertEquals(await service.find("metadata.at>49"), ["z@50.0.0"]);
    await service.close();
    const next = openIndex(registry, system, { ...BLOCKS, folder });
    assertEquals(await next.find(""), refs);
    await next.close();
  });
}

testInRoot("no changed byte changes an answer", async ({ path: folder }) => {
  await using searched = await createSearched();
  const { registry, system, refs } = searched;
  const files = await build(searched, folder);
  const kept = `${folder}.kept`;
  await cp(folder, kept, { recursive: true });
  for (let round = 0; round < casesOfRun(50); round++) {
    const path = system.random() < 0.2 ? files.list : files.blocks;
    const bytes = await readFile(path);
    const at = Math.floor(system.random() * bytes.byteLength);
    bytes[at] = bytes[at]! ^ (1 + Math.floor(system.random() * 255));
    await writeFile(path, bytes);
    const service = openIndex(registry, system, { ...BLOCKS, folder });
    for (const query of ["metadata.at>49", "name=z", ""]) {
      const found = await service.find(query);
      const wanted = query === "" ? refs : query === "name=z" ? refs.slice(-50) : ["z@50.0.0"];
      assertEquals(found, wanted, `byte ${at} of ${path}`);
    }
    await service.close();
    await rm(folder, { recursive: true });
    await cp(kept, folder, { recursive: true });
  }
  await rm(kept, { recursive: true });
});

testInRoot(
  "blocks that are damaged while they are used are read again",
  async ({ path: folder }) => {
    await using searched = await createSearched();
    const { registry, system, refs } = searched;
    const { blocks } = await build(searched, folder);
    const service = openIndex(registry, system, { ...BLOCKS, folder });
    assertEquals(await service.find(""), refs);
    await writeFile(blocks, "damaged");
    assertEquals(await service.find(""), refs);
    assert(service.warnings.some((text) => text.includes("damaged")));
    await service.close();
  },
);

testInRoot("an index of another registry, moved here, is not used", async (root) => {
  await using searched = await createSearched();
  await using other = await createSearched();
  await other.registry.save("only there", 1);
  const { list } = await build(searched, root.join("here"));
  const there = openIndex(other.registry, other.system, { ...BLOCKS, folder: root.join("there") });
  await there.find("");
  await there.close();
  const [moved = ""] = await readdir(root.join("there"));
  await rm(join(list, ".."), { recursive: true });
  await rename(root.join("there", moved), join(list, ".."));
  const { registry, system, refs } = searched;
  const service = openIndex(registry, system, { ...BLOCKS, folder: root.join("here") });
  assertEquals(await service.find(""), refs);
  await service.close();
});

testInRoot(
  "processes that use one folder at once all find everything",
  async ({ path: folder }) => {
    await using searched = await createSearched();
    const { registry, system } = searched;
    const all = Array.from({ length: 3 }, () => openIndex(registry, system, { ...BLOCKS, folder }));
    await Promise.all(all.map(({ find }) => find("")));
    for (let round = 0; round < 4; round++) {
      await registry.save(`n${round}`, 1, { metadata: { round } });
      await registry.save("z", round);
      await Promise.all(all.map(({ refresh }) => refresh()));
      for (const { find } of all) assertEquals(await find("name=z"), await all[0]!.find("name=z"));
      for (const { find } of all) assertEquals(await find("metadata.round>=0"), namesTo(round));
      await all[round % 3]!.close();
      all[round % 3] = openIndex(registry, system, { ...BLOCKS, folder });
    }
    for (const { close } of all) await close();
  },
);

const namesTo = (round: number) => Array.from({ length: round + 1 }, (_, at) => `n${at}@1.0.0`);

testInRoot("reading goes on where an earlier process was stopped", async ({ path: folder }) => {
  await using searched = await createSearched();
  const { registry, system, calls, refs } = searched;
  const stopped = {
    ...system,
    // Reading rests for the first time among the versions of the last name.
    sleep: async (_ms: number, signal?: AbortSignal) => {
      void first.close();
      await Promise.resolve();
      signal?.throwIfAborted();
    },
  };
  const first = openIndex(registry, stopped, { ...BLOCKS, folder });
  assertEquals(await first.find("").catch(() => "stopped"), "stopped");
  await first.close();
  calls.take();
  const second = openIndex(registry, system, { ...BLOCKS, folder });
  assertEquals(await second.find(""), refs);
  const { get = 0 } = calls.counts;
  assert(get < refs.length / 2, `${get} gets`);
  await second.close();
});

testInRoot("files that no list names are removed after an hour", async ({ path: folder }) => {
  await using searched = await createSearched();
  const { registry, system } = searched;
  const { list, blocks } = await build(searched, folder);
  const old = join(list, "..", `${system.id()}.blocks`), young = `${list}.new`;
  for (const path of [old, young]) await writeFile(path, "left by a killed process");
  await utimes(old, 1, 1);
  await utimes(young, new Date(system.now()), new Date(system.now()));
  await utimes(blocks, 1, 1);
  await registry.save("a", 11);
  const service = openIndex(registry, system, { ...BLOCKS, folder });
  await service.find("");
  await service.close();
  const left = new Set(await readdir(join(list, "..")));
  const isLeft = (path: string) => left.has(path.slice(path.lastIndexOf("/") + 1));
  assertEquals([isLeft(old), isLeft(young), isLeft(blocks)], [false, true, true]);
});

Deno.test("without a folder, an index ends where the memory does, and says so", async () => {
  await using searched = await createSearched();
  const { registry, system, refs } = searched;
  const service = openIndex(registry, system, { ...BLOCKS, mostHeld: 5000 });
  const found = await service.find("");
  const { cut } = await service.index.read();
  assert(cut && found.length < refs.length && found.length > 0, `${found.length}`);
  await service.close();
});

testInRoot("a folder that cannot be made leaves the index in memory", async (root) => {
  await using searched = await createSearched();
  const { registry, system, refs } = searched;
  await writeFile(root.join("file"), "");
  const service = openIndex(registry, system, { ...BLOCKS, folder: root.join("file") });
  assertEquals(await service.find(""), refs);
  await registry.save("zz", 1);
  await service.refresh();
  assertEquals((await service.find("")).length, refs.length + 1);
  assertEquals(service.warnings.length, 1);
  await service.close();
});

Deno.test({
  name: "a full disk leaves what does not fit in memory",
  ignore: !canMount,
  fn: async () => {
    await using disk = await smallDisk(16 * 1024);
    await using searched = await createSearched();
    const { registry, system, refs } = searched;
    for (let round = 0; round < 2; round++) {
      const service = openIndex(registry, system, { ...BLOCKS, folder: disk.join("search") });
      assertEquals(await service.find(""), refs);
      await service.close();
    }
  },
});
