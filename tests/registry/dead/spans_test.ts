import { assert, assertEquals } from "@std/assert";
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { collectGarbage, createLocalBackend, openRegistry, verifyRegistry } from "../../../mod.ts";
import type { Backend } from "../../../core/backend.ts";
import { RegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { withShiftedTime } from "../../simulate/with_shifted_time.ts";
import { HOUR } from "../protocol_world.ts";
import { NO_FILE_LOCKS } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { withAge } from "../with_age.ts";

import { assertSeen, MANY, notes, open, truly, versions, withDead } from "./with_dead.ts";

testInRoot(
  "the latest below many that were deleted takes five calls once that was noted",
  async (root) => {
    await withDead(root.path);
    const calls: string[] = [];
    const backend = createLocalBackend({ path: root.path });
    const registry = await openRegistry(counted(backend, calls));
    await assertSeen(registry, "3.0.0");
    assertEquals((await collectGarbage(registry)).failures, []);
    assertEquals(notes(root.path), { begun: 1, decided: 1 });
    calls.length = 0;
    assertEquals((await registry.info("a")).version, "3.0.0");
    assertEquals(calls, ["getFirst names", "list dead", "get dead", "head dead", "getFirst names"]);
    await assertSeen(registry, "3.0.0");
    assertEquals((await registry.save("a", "next")).version, `${4 + MANY}.0.0`);
    await assertSeen(registry, `${4 + MANY}.0.0`);
  },
);

function counted(inner: Backend, calls: string[]): Backend {
  const note = (verb: string, key: string) => void calls.push(`${verb} ${key.split("/")[0]}`);
  return {
    ...inner,
    head: (key, options) => (note("head", key), inner.head(key, options)),
    get: (key, options) => (note("get", key), inner.get(key, options)),
    list: (prefix, options) => (note("list", prefix), inner.list(prefix, options)),
    getFirst: (prefix, options) => (note("getFirst", prefix), inner.getFirst!(prefix, options)),
  };
}

testInRoot(
  "a version that is saved among the dead is seen at once, and everything else stays as it was",
  async (root) => {
    const long = await withDead(root.path);
    await collectGarbage(long);
    const other = await open(root.path);
    await assertSeen(other, "3.0.0");
    await other.save("a", "between", { version: "40.5.0" });
    assertEquals(notes(root.path), { begun: 1, decided: 1 });
    await assertSeen(long, "40.5.0");
    await other.save("a", "another", { version: "40.4.0" });
    await assertSeen(long, "40.5.0");
    await collectGarbage(long);
    assertEquals(notes(root.path), { begun: 0, decided: 0 }, "neither half is long");
    await other.delete("a@40.5.0");
    await other.delete("a@40.4.0");
    await collectGarbage(long);
    assertEquals(notes(root.path), { begun: 1, decided: 1 });
    await assertSeen(long, "3.0.0");
  },
);

testInRoot("what is saved above or below the dead ends nothing", async (root) => {
  const registry = await withDead(root.path);
  await collectGarbage(registry);
  const calls: string[] = [];
  const other = await openRegistry(counted(createLocalBackend({ path: root.path }), calls));
  await other.save("a", "above", { version: "500.0.0" });
  await other.save("a", "below", { version: "0.5.0" });
  await other.save("a", "not a release", { version: "40.0.0-rc.1" });
  await assertSeen(other, "500.0.0");
  await other.delete("a@500.0.0");
  calls.length = 0;
  assertEquals((await other.info("a")).version, "3.0.0");
  assert(calls.length < 9, "the few above are walked through");
  assertEquals(notes(root.path), { begun: 1, decided: 1 });
});

testInRoot(
  "an overwrite of a deleted version, and a repeat with its key, are seen among the dead",
  async (root) => {
    const registry = await withDead(root.path, { mutable: true });
    await collectGarbage(registry);
    await registry.save("a", "again", { version: "50.0.0", onConflict: "overwrite" });
    await assertSeen(registry, "50.0.0");
    await registry.delete("a@50.0.0");
    await collectGarbage(registry);
    assertEquals(notes(root.path), { begun: 1, decided: 1 });
    await registry.save("a", "with a key", { version: "40.5.0", idempotencyKey: "k" });
    await assertSeen(registry, "40.5.0");
  },
);

testInRoot("prereleases have spans of their own", async (root) => {
  const registry = await open(root.path);
  await registry.save("a", 0, { version: "1.0.0-rc.0" });
  for (let n = 1; n <= MANY; n++) {
    await registry.save("a", n, { version: `1.0.0-rc.${n}` });
    await registry.delete(`a@1.0.0-rc.${n}`);
  }
  await collectGarbage(registry);
  assertEquals(notes(root.path), { begun: 1, decided: 1 });
  await assertSeen(registry, "1.0.0-rc.0");
  await registry.save("a", "between", { version: "1.0.0-rc.7.1" });
  await assertSeen(registry, "1.0.0-rc.7.1");
});

testInRoot("what is alive between two long stretches of the dead is seen", async (root) => {
  const registry = await open(root.path);
  for (let n = 1; n <= 2 * MANY + 1; n++) await registry.save("a", n);
  for (let n = 1; n <= 2 * MANY + 1; n++) if (n !== MANY + 1) await registry.delete(`a@${n}.0.0`);
  await collectGarbage(registry);
  assertEquals(notes(root.path), { begun: 1, decided: 1 });
  await assertSeen(registry, `${MANY + 1}.0.0`);
  await registry.delete(`a@${MANY + 1}.0.0`);
  await registry.save("a", "below both", { version: "0.1.0" });
  await assertSeen(registry, "0.1.0");
});

testInRoot(
  "a version of another folder than a span's, and one at its ends, are told apart",
  async (root) => {
    const registry = await open(root.path);
    for (let n = 1; n <= MANY; n++) await registry.save("a", n, { version: `2.0.${n}` });
    for (let n = 1; n <= MANY; n++) await registry.save("a", n, { version: `3.0.0-rc.${n}` });
    for (const { version } of await Array.fromAsync(registry.versions("a"))) {
      await registry.delete(
        `a@${version}`,
      );
    }
    await collectGarbage(registry);
    const prereleases = "3.0.0-rc.80.1";
    await registry.save("a", "above all prereleases", { version: prereleases });
    assertEquals(notes(root.path), { begun: 1, decided: 1 });
    await assertSeen(registry, prereleases);
    await registry.save("a", "below all releases", { version: "2.0.0" });
    await assertSeen(registry, "2.0.0");
    await registry.save("a", "above all releases", { version: "2.0.81" });
    await assertSeen(registry, "2.0.81");
  },
);

testInRoot(
  "notes of names that nothing is left of go, and a name that is forgotten may be used again",
  async (root) => {
    const registry = await withDead(root.path);
    await registry.delete("a", { allVersions: true });
    await collectGarbage(registry);
    assertEquals(notes(root.path), { begun: 1, decided: 1 });
    const later = await openRegistry(
      withAge(createLocalBackend({ path: root.path }), 90 * 24 * HOUR),
    );
    await collectGarbage(later, { forget: true });
    assertEquals([existsSync(join(root.path, "names/a")), notes(root.path)], [false, {
      begun: 1,
      decided: 1,
    }]);
    await registry.save("a", "anew", { version: "40.0.0" });
    await assertSeen(registry, "40.0.0");
    await registry.delete("a", { allVersions: true });
    await collectGarbage(later);
    await collectGarbage(later, { forget: true });
    await collectGarbage(later);
    assertEquals([existsSync(join(root.path, "names/a")), notes(root.path)], [false, {
      begun: 0,
      decided: 0,
    }]);
  },
);

testInRoot("a save whose note cannot be ended writes nothing, and says so", async (root) => {
  const registry = await withDead(root.path);
  await collectGarbage(registry);
  const [id] = readdirSync(join(root.path, "dead/a")).filter((name) => !name.includes("."));
  rmSync(join(root.path, "dead/a", id));
  mkdirSync(join(root.path, "dead/a", id)); // no file can take its place
  const { message } = await rejected(
    "Invalid",
    registry.save("a", "between", { version: "40.5.0" }),
  );
  assert(message.includes("Cannot end a note of deleted versions"), message);
  assertEquals(await truly(registry), ["3.0.0", "2.0.0", "1.0.0"]);
});

testInRoot("file locks exclude nobody from being seen", async (root) => {
  const backend = () => createLocalBackend({ path: root.path, locking: "file" });
  const registry = await openRegistry(backend());
  for (let n = 1; n <= 1 + MANY; n++) await registry.save("a", n);
  for (let n = 2; n <= 1 + MANY; n++) await registry.delete(`a@${n}.0.0`);
  await collectGarbage(registry);
  assertEquals(notes(root.path), { begun: 1, decided: 1 });
  await (await openRegistry(backend())).save("a", "between", { version: "40.5.0" });
  await assertSeen(registry, "40.5.0");
}, { ignore: NO_FILE_LOCKS });

testInRoot(
  "a save that cannot tell whether it ended a note has written nothing, and tries again",
  async (root) => {
    await collectGarbage(await withDead(root.path));
    const local = createLocalBackend({ path: root.path });
    let puts = 0;
    const put: Backend["put"] = async (key, body, options) => {
      const result = await local.put(key, body, options);
      if (!key.startsWith("dead/") || ++puts > 1) return result;
      throw new RegistryError({
        code: "Unknown",
        message: "the disk may lose it",
        maybeWritten: true,
      });
    };
    const registry = await openRegistry({ ...local, put });
    await registry.save("a", "between", { version: "40.5.0" });
    await assertSeen(registry, "40.5.0");
  },
);

testInRoot("of two notes that count one is left", async (root) => {
  const registry = await withDead(root.path);
  await collectGarbage(registry);
  const folder = join(root.path, "dead/a");
  const [id] = readdirSync(folder).filter((name) => !name.includes("."));
  const another = realSystem.id();
  for (const end of ["", ".begun"]) cpSync(join(folder, id + end), join(folder, another + end));
  await collectGarbage(registry);
  assertEquals(notes(root.path), { begun: 1, decided: 1 });
  await assertSeen(registry, "3.0.0");
});

testInRoot(
  "a name that is deleted as a whole has no version, and says so at once",
  async (root) => {
    const registry = await withDead(root.path);
    for (const version of ["1.0.0", "2.0.0", "3.0.0"]) await registry.delete(`a@${version}`);
    await collectGarbage(registry);
    await rejected("NotFound", registry.info("a"));
    assertEquals([await registry.has("a"), await versions(registry)], [false, []]);
    assertEquals((await registry.save("a", "next")).version, `${4 + MANY}.0.0`);
    await assertSeen(registry, `${4 + MANY}.0.0`);
  },
);

testInRoot("a copy of the folder does not go by the notes in it", async (root) => {
  const registry = await withDead(root.path);
  await collectGarbage(registry);
  await assertSeen(registry, "3.0.0");
  const copy = `${root.path}-copy`;
  try {
    cpSync(root.path, copy, { recursive: true });
    // As if somebody had saved while it was copied: the notes were copied first.
    rmSync(join(copy, "dead"), { recursive: true });
    const moved = () =>
      withShiftedTime(createLocalBackend({ path: copy }), { shiftMs: () => 5_000 });
    const other = await openRegistry(moved());
    await other.save("a", "between", { version: "40.5.0" });
    cpSync(join(root.path, "dead"), join(copy, "dead"), { recursive: true });
    await assertSeen(other, "40.5.0");
    await assertSeen(await openRegistry(moved()), "40.5.0");
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});

testInRoot(
  "what strangers put among the notes, and what is damaged, hides nothing",
  async (root) => {
    const registry = await withDead(root.path);
    await collectGarbage(registry);
    const [id] = readdirSync(join(root.path, "dead/a")).filter((name) => !name.includes("."));
    writeFileSync(join(root.path, "dead/a/notes.txt"), "mine");
    writeFileSync(join(root.path, `dead/a/${id}`), "damaged");
    await assertSeen(registry, "3.0.0");
    await registry.save("a", "between", { version: "40.5.0" });
    await assertSeen(registry, "40.5.0");
    writeFileSync(join(root.path, `dead/a/${id}.begun`), "damaged");
    await registry.save("a", "between", { version: "40.6.0" });
    await assertSeen(registry, "40.6.0");
    await collectGarbage(registry);
    assertEquals(readdirSync(join(root.path, "dead/a")), ["notes.txt"]);
  },
);

testInRoot(
  "what was brought back to life by hand is seen once garbage was collected",
  async (root) => {
    const registry = await withDead(root.path);
    await collectGarbage(registry);
    const folder = join(root.path, "names/a");
    const [tombstone] = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(",9007199254740989.rec") && !name.includes("+")).sort();
    rmSync(join(folder, tombstone));
    const back = (await truly(registry))[0];
    assert(back !== "3.0.0");
    const { problems } = await verifyRegistry(registry);
    assertEquals(problems.map(({ ref, code }) => [ref, code]), [[`a@${back}`, "Corrupt"]]);
    await collectGarbage(registry);
    await assertSeen(registry, back);
    assertEquals((await verifyRegistry(registry)).ok, true);
  },
);

testInRoot(
  "a registry in plain paths has no notes, and leaves alone what strangers call like some",
  async (root) => {
    const registry = await withDead(root.path, { layout: "plain" });
    await collectGarbage(registry);
    assertEquals(readdirSync(root.path).includes("dead"), false);
    const theirs = join(root.path, "dead/orders", realSystem.id());
    mkdirSync(join(root.path, "dead/orders"), { recursive: true });
    writeFileSync(theirs, "theirs");
    const later = withAge(createLocalBackend({ path: root.path, layout: "plain" }), 90 * 24 * HOUR);
    await collectGarbage(await openRegistry(later));
    assertEquals(readFileSync(theirs, "utf8"), "theirs");
    await assertSeen(registry, "3.0.0");
  },
);

testInRoot(
  "who is told of a version that another writer saved among the dead may rely on being shown it",
  async (root) => {
    const registry = await withDead(root.path);
    await collectGarbage(registry);
    const hasty = await openRegistry(createLocalBackend({ path: root.path, durability: "os" }));
    await hasty.save("a", "between", { version: "40.5.0" });
    const local = createLocalBackend({ path: root.path });
    const synced: string[] = [];
    const backend = {
      ...local,
      sync: (keys: readonly string[]) => (synced.push(...keys), local.sync!(keys)),
    };
    await (await openRegistry(backend)).save("a", "between", {
      version: "40.5.0",
      onConflict: "skip",
    });
    const [id] = readdirSync(join(root.path, "dead/a")).filter((name) => !name.includes("."));
    assert(synced.includes(`dead/a/${id}`), "the note might count again after a power cut");
  },
);

testInRoot(
  "who does not wait for the disk, and who is not the folder's owner, notes nothing",
  async (root) => {
    const registry = await withDead(root.path);
    await collectGarbage(
      await openRegistry(createLocalBackend({ path: root.path, durability: "os" })),
    );
    assertEquals(notes(root.path), { begun: 0, decided: 0 });
    const { uid, gid } = statSync(root.path);
    if (uid === 0) { // nobody else may give a folder away
      chownSync(root.path, 65_534, gid);
      await collectGarbage(registry);
      assertEquals(notes(root.path), { begun: 0, decided: 0 });
      chownSync(root.path, uid, gid);
    }
    await collectGarbage(registry);
    assertEquals(notes(root.path), { begun: 1, decided: 1 });
  },
);

testInRoot("what was deleted above what is noted, few or many, is passed by", async (root) => {
  const registry = await withDead(root.path);
  await collectGarbage(registry);
  for (const count of [20, 300]) {
    for (let n = 0; n < count; n++) await registry.save("a", n);
    for await (const { version } of registry.versions("a", { range: ">3" })) {
      await registry.delete(`a@${version}`);
    }
    await assertSeen(registry, "3.0.0");
  }
  await registry.save("a", "below them", { version: "3.5.0" });
  await assertSeen(registry, "3.5.0");
});
