import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { chmodSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { createMemoryBackend, localPath, mirrorRegistry, openRegistry, verifyRegistry } from "../../mod.ts";
import type { LocalPathOptions } from "../../mod.ts";
import { folder } from "../../materializers/mod.ts";
import { fails } from "./fake_artifact.ts";
import { inFolder, save, write } from "./in_folder.ts";

const TIMES: LocalPathOptions = { preserve: ["times"] };
const modifiedAt = (root: string, path: string) => Math.round(statSync(join(root, path)).mtimeMs);

inFolder(
  "times are kept where that is asked, come back with a download, and are part of the digest then",
  async (root) => {
    const registry = await openRegistry("memory:");
    write(root, "small");
    write(root, "sub/large", new Uint8Array(2_000_000));
    write(root, "sub/run", "#!/bin/sh\n");
    chmodSync(join(root, "sub/run"), 0o755);
    const times: [path: string, seconds: number][] = [["small", 1_000_000.123], ["sub/large", 5.999], [
      "sub/run",
      1.7e9,
    ]];
    for (const [path, seconds] of times) utimesSync(join(root, path), seconds, seconds);
    const plain = await registry.save("plain", localPath(root));
    const first = await registry.save("kept", localPath(root, TIMES));
    assertNotEquals(first.digest, plain.digest);
    const { files } = await registry.info("kept");
    assertEquals(files.map(({ modifiedAt }) => modifiedAt), [
      "1970-01-12T13:46:40.123Z",
      "1970-01-01T00:00:05.999Z",
      "2023-11-14T22:13:20.000Z",
    ]);
    const to = join(root, "../copy");
    await registry.download("kept", { to });
    for (const [path] of times) assertEquals(modifiedAt(to, path), modifiedAt(root, path), path);
    assertEquals((await registry.save("kept", localPath(to, TIMES), { skipIfUnchanged: true })).skipped, true);
    utimesSync(join(root, "small"), 7, 7);
    assertEquals((await registry.save("plain", localPath(root), { skipIfUnchanged: true })).skipped, true);
    assertEquals((await registry.save("kept", localPath(root, TIMES), { skipIfUnchanged: true })).skipped, false);
    assertEquals((await registry.info("kept")).files[0].modifiedAt, "1970-01-01T00:00:07.000Z");
  },
);

inFolder("files with the same bytes get the times that were kept, and are not written again", async (root) => {
  const registry = await openRegistry("memory:");
  const to = join(root, "../copy");
  for (const path of ["a", "sub/b"]) write(root, path);
  for (const path of ["a", "sub/b"]) utimesSync(join(root, path), 9.5, 9.5);
  await registry.save("kept", localPath(root, TIMES));
  await registry.download("kept", { to });
  const inode = statSync(join(to, "a")).ino;
  utimesSync(join(to, "a"), 1, 1);
  const changes = [{ path: "a", change: "time" as const }];
  const tried = await registry.download("kept", { to, dryRun: true });
  assertEquals([tried.changes, modifiedAt(to, "a")], [changes, 1000]);
  const done = await registry.download("kept", { to });
  assertEquals([done.changes, done.left, done.written], [changes, 2, 0]);
  assertEquals([modifiedAt(to, "a"), modifiedAt(to, "sub/b"), statSync(join(to, "a")).ino], [9500, 9500, inode]);
  assertEquals((await registry.download("kept", { to })).changes, []);
  await registry.save("one", localPath(join(root, "a"), TIMES));
  const file = join(root, "../file");
  await registry.download("one", { to: file });
  utimesSync(file, 1, 1);
  await registry.download("one", { to: file });
  assertEquals(Math.round(statSync(file).mtimeMs), 9500);
  await registry.save("plain", localPath(root));
  utimesSync(join(to, "a"), 1, 1);
  assertEquals((await registry.download("plain", { to })).changes, [], "a version that has kept none leaves them");
});

inFolder("times go with a version wherever it goes: copied, saved again, drafted, mirrored", async (root) => {
  const registry = await openRegistry("memory:");
  const other = await openRegistry(createMemoryBackend({ id: "other" }));
  write(root, "a");
  write(root, "large", new Uint8Array(300_000));
  for (const path of ["a", "large"]) utimesSync(join(root, path), 9, 9);
  const { digest } = await registry.save("one", localPath(root, TIMES));
  await registry.copy("one", "copied");
  await registry.save("again", await registry.load("one", { as: folder() }));
  const draft = await registry.openDraft("drafted", { id: "d" });
  await draft.addPart("all", localPath(root, TIMES));
  await draft.commit();
  await mirrorRegistry(registry, other);
  for (const from of [registry, other]) {
    for (const name of ["one", "copied", "again", "drafted"]) {
      const info = await from.info(name);
      assertEquals(info.files.map(({ modifiedAt }) => modifiedAt), Array(2).fill("1970-01-01T00:00:09.000Z"), name);
      assertEquals(info.digest, digest, name);
    }
    assert((await verifyRegistry(from)).ok);
  }
});

inFolder("a single file has its time too, and what is no time or no word is Invalid", async (root) => {
  write(root, "a");
  utimesSync(join(root, "a"), 3, 3);
  assertEquals((await save(join(root, "a"), TIMES))[0].modifiedAt, "1970-01-01T00:00:03.000Z");
  await fails("Invalid", () => localPath(root, { preserve: ["owner"] as unknown as ["times"] }));
  const registry = await openRegistry("memory:");
  for (const modifiedAt of ["yesterday", "2025-01-01", "2025-01-01T00:00:00Z"]) {
    const materializer = { ...folder(), save: () => [{ path: "a", content: new Uint8Array(0), modifiedAt }] };
    await fails("Invalid", () => registry.save("a", null, { materializer }));
  }
});
