import { assertEquals, assertMatch } from "@std/assert";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import type { FileToSave } from "../../../materializers/mod.ts";
import { RegistryError } from "../../../mod.ts";
import type { GarbageItem } from "../../../extensions/maintenance/garbage/collection.ts";
import { GRACE_MS, HOUR, type ProtocolWorld, testProtocol } from "../protocol_world.ts";
import { noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { busy, doing, followedBy, lostReply } from "../scripted_backend.ts";

const DAY = 24 * HOUR;
const LOWERED = { leastGraceMs: HOUR };

function large(path: string, seed = 1): FileToSave[] {
  return [{ path, content: noise(300_000, seed) }];
}

/** Collects garbage; returns a summary. */
async function removed({ registry }: ProtocolWorld): Promise<string[]> {
  const items: GarbageItem[] = [];
  const { failures } = await collectGarbage(registry, { onItem: (item) => items.push(item) });
  assertEquals(failures, []);
  return items.map(({ what, why }) => `${what}: ${why}`);
}

testProtocol("payload of a draft outlives the grace", {}, async (world) => {
  const draft = await world.registry.openDraft("a", { id: "1" });
  await draft.addPart("0", large("0.bin"));
  world.advance(4 * DAY);
  assertEquals(await removed(world), []);
  await draft.addPart("1", large("1.bin", 2)); // restarts the age
  world.advance(4 * DAY);
  assertEquals(await removed(world), []);
  await draft.commit();
  world.advance(7 * DAY);
  assertEquals(await removed(world), []); // the commit may continue
  world.advance(1);
  assertEquals(await removed(world), Array(3).fill(`draft: committed: draft "1"`));
  assertEquals((await (await world.registry.open("a")).file("0.bin").bytes()).byteLength, 300_000);
  assertEquals(await world.keys("drafts/"), ["drafts/a/1/.end"]);
  world.advance(24 * DAY);
  assertEquals(await removed(world), [
    `draft: committed: draft "1"`,
    "key: idempotency key that was last used longer ago than keys are remembered",
  ]);
});

testProtocol("an old draft is refused, then collected two graces later", {}, async (world) => {
  const draft = await world.registry.openDraft("a", { id: "1" });
  await draft.addPart("0", large("0.bin"));
  world.advance(5 * DAY + 1);
  const uses = [() => draft.addPart("1", []), () => draft.commit(), () => draft.addPart("0", [])];
  for (const use of uses) {
    await rejected("Conflict", use(), /nothing was added to it for so long/);
  }
  assertEquals((await draft.info()).state, "abandoned");
  assertEquals(await removed(world), []);
  world.advance(2 * DAY);
  assertEquals(await removed(world), [
    `draft: abandoned: draft "1"`,
    "payload: no version refers to it",
  ]);
  assertEquals(await world.keys("objects/"), []);
  assertEquals(await world.keys("drafts/"), []);
  await draft.addPart("0", large("0.bin")); // a new draft
  assertEquals((await draft.commit()).version, "1.0.0");
});

for (const moving of ["wall", "monotonic"] as const) {
  testProtocol(`an old draft is refused if only the ${moving} clock went on`, {}, async (world) => {
    const draft = await world.registry.openDraft("a", { id: "1" });
    await draft.addPart("0", large("0.bin"));
    world.advance(5 * DAY + 1, "store", moving); // as in a machine that was suspended
    for (const use of [() => draft.addPart("1", []), () => draft.commit()]) {
      await rejected("Conflict", use(), /nothing was added to it for so long/);
    }
  });
}

testProtocol("a further part costs no list of the others for a while", {}, async (world) => {
  const { registry, backend, advance } = world;
  const add = async (part: string) => {
    backend.forget();
    const draft = await registry.openDraft("a", { id: "1" });
    await draft.addPart(part, large(part));
    return backend.calls.filter(({ verb, key }) => verb === "list" && key === "drafts/a/1/").length;
  };
  assertEquals([await add("0"), await add("1"), await add("2")], [1, 0, 0]);
  advance(4 * HOUR);
  assertEquals([await add("3"), await add("4")], [1, 0]);
  await (await registry.openDraft("a", { id: "1" })).commit();
  const produced: string[] = [];
  const content = { stream: () => (produced.push("5"), new Blob(["5"]).stream()) };
  const late = (await registry.openDraft("a", { id: "1" })).addPart("5", [{ path: "5", content }]);
  await rejected("Conflict", late, /was committed/);
  assertEquals(produced, []);
});

testProtocol("a draft that another machine ended takes no further part", {}, async (world) => {
  const draft = await world.registry.openDraft("a", { id: "1" });
  await draft.addPart("0", large("0.bin"));
  const { registry } = await world.open();
  await (await registry.openDraft("a", { id: "1" })).commit();
  await rejected("Conflict", draft.addPart("1", large("1.bin")), /was committed as 1.0.0/);
  world.advance(9 * DAY);
  await removed(world);
  await rejected("Conflict", draft.addPart("2", large("2.bin")), /was committed as 1.0.0/);
});

testProtocol("a discarded draft is collected after the grace", {}, async (world) => {
  const draft = await world.registry.openDraft("a", { id: "1" });
  await draft.addPart("0", large("0.bin"));
  world.advance(2 * DAY);
  await draft.discard();
  world.advance(GRACE_MS - 1);
  assertEquals(await removed(world), []);
  world.advance(2);
  assertEquals((await removed(world)).map((line) => line.split(":")[0]), [
    "draft",
    "draft",
    "payload",
  ]);
});

testProtocol("drafts that cannot be listed keep their name", {}, async (world) => {
  const { registry, backend, advance, keys } = world;
  for (const name of ["a", "b"]) {
    await registry.save(name, noise(70_000));
    await registry.delete(name, { allVersions: true });
  }
  const draft = await registry.openDraft("a", { id: "1" });
  await draft.addPart("0", large("0.bin"));
  advance(2 * DAY);
  backend.answer(
    { verb: "list", key: /^drafts\/$/ },
    doing(() => {
      throw new RegistryError({
        code: "Denied",
        message: "Cannot list: it is a link",
        key: "drafts/a/1",
      });
    }),
  );
  const { failures } = await collectGarbage(registry);
  assertEquals(failures.map(({ key }) => key), ["drafts/a/1"]);
  assertEquals((await keys("objects/a/")).length, 2);
  assertEquals((await keys("objects/b/")).length, 0);
});

testProtocol("a part with a lost reply is found by a repeat", {}, async (world) => {
  const { registry, backend } = world;
  const draft = await registry.openDraft("a", { id: "1" });
  backend.answerAll({ verb: "put", key: /^drafts\// }, lostReply);
  await rejected("Unavailable", draft.addPart("0", large("0.bin")));
  backend.heal();
  const again = await draft.addPart("0", large("0.bin", 2));
  assertEquals(again, { added: false, files: 1, size: 300_000 });
  await draft.commit();
  assertEquals(await (await registry.open("a")).file("0.bin").bytes(), noise(300_000, 1));
});

testProtocol("a part that landed late does not count", LOWERED, async (world) => {
  const { registry, backend, advance, warnings } = world;
  const draft = await registry.openDraft("a", { id: "1" });
  backend.answer({ verb: "put", key: /^drafts\// }, doing(() => advance(HOUR / 2 + 1)));
  await rejected("Unavailable", draft.addPart("0", large("0.bin")), /was not added/);
  await rejected("NotFound", draft.commit({ parts: ["0"] }), /missing: "0"/);
  assertMatch(warnings.join(), /landed too late/);
  assertEquals((await draft.addPart("0", large("0.bin", 2))).added, true);
  await draft.commit();
  assertEquals(await (await registry.open("a")).file("0.bin").bytes(), noise(300_000, 2));
});

testProtocol("a long upload is renewed, and checks the draft", {}, async (world) => {
  const { registry, backend, advance } = world;
  async function* slow(atEnd?: () => Promise<unknown>): AsyncGenerator<FileToSave> {
    for (let hour = 0; hour < 60; hour++) {
      advance(HOUR);
      yield { path: `${hour}.bin`, content: noise(300_000, hour) };
    }
    await atEnd?.();
  }
  for (const [id, ends] of [["1", false], ["2", true]] as const) {
    const draft = await registry.openDraft("a", { id });
    await draft.addPart("first", large("first.bin"));
    const adding = draft.addPart("0", slow(ends ? () => draft.discard() : undefined));
    if (ends) await rejected("Conflict", adding);
    else assertEquals((await adding).files, 60);
  }
  assertEquals(backend.asked({ verb: "put", key: /\.alive$/ }).length > 10, true);
});

testProtocol("a commit relies on a recent listing", {}, async (world) => {
  const { registry, backend, advance, keys } = world;
  const draft = await registry.openDraft("a", { id: "1" });
  await draft.addPart("0", large("0.bin"));
  for (const part of ["1", "2"]) {
    await draft.addPart(part, [{ path: part, content: noise(60_000) }]); // stored again
  }
  const many = Array.from(
    { length: 1000 },
    (_, n) => ({ path: `many/${n}`, content: noise(1, n) }),
  );
  await draft.addPart("3", many);
  const slow = doing(() => advance(GRACE_MS / 8 + 1));
  backend.answer({ verb: "put", key: /^objects\/.*\d$/ }, slow, slow);
  backend.forget();
  await rejected("Unavailable", draft.commit(), /timed out/);
  assertEquals(backend.asked({ verb: "put", key: /\.alive$/ }).length, 1);
  assertEquals((await keys("names/a/versions/")).length, 0);
  assertEquals((await draft.commit()).version, "1.0.0");
});

testProtocol("missing payload prevents a commit", {}, async (world) => {
  const { registry, store, keys } = world;
  const draft = await registry.openDraft("a", { id: "1" });
  await draft.addPart("0", large("0.bin"));
  const [key] = await keys("objects/");
  const bytes = await (await store.get(key))!.bytes();
  for (const left of [undefined, bytes.subarray(1)]) {
    if (left === undefined) await store.delete(key);
    else await store.put(key, left);
    await rejected("Corrupt", draft.commit(), /part "0" has lost some of its bytes/);
  }
  await store.put(key, bytes);
  const [note] = await keys("drafts/");
  const said = await (await store.get(note))!.bytes();
  await store.put(note, said.map((byte, i) => i === 100 ? byte ^ 1 : byte));
  await rejected("Corrupt", draft.commit(), /part "0" .* is damaged/);
  await store.put(note, said);
  assertEquals((await draft.commit()).version, "1.0.0");
});

testProtocol("a collected draft stays committed", {}, async (world) => {
  const { registry } = world;
  const draft = await registry.openDraft("a", { id: "weekly" });
  await draft.addPart("0", large("0.bin"));
  const { commit } = await draft.commit();
  world.advance(7 * DAY + 1);
  assertEquals((await removed(world)).length, 2);
  assertEquals(await world.keys("drafts/"), ["drafts/a/weekly/.end"]);
  // Accepted, the part would be lost: commit returns the version of the draft.
  await rejected("Conflict", draft.addPart("1", large("1.bin", 2)), /it was committed as 1\.0\.0/);
  assertEquals(await draft.info(), { state: "committed", version: "1.0.0", parts: [] });
  assertEquals([(await draft.commit()).commit, await draft.discard()], [commit, false]);
  assertEquals((await draft.commit({ parts: ["0"] })).commit, commit);
  await rejected("Conflict", draft.commit({ parts: ["0", "1"] }));
  assertEquals(await draft.files(), []);
});

testProtocol("an interrupted collection leaves the draft closed", {}, async (world) => {
  const { registry, backend, advance, keys } = world;
  const draft = await registry.openDraft("a", { id: "1" });
  for (const part of ["0", "1"]) await draft.addPart(part, large(`${part}.bin`));
  await draft.discard();
  advance(GRACE_MS + 1);
  backend.answer({ verb: "delete", key: /drafts\/a\/1\/1\// }, busy);
  assertEquals((await collectGarbage(registry)).failures.length, 1);
  assertEquals((await keys("drafts/")).map((key) => key.split("/")[3]), [".end", "1"]);
  await rejected("Conflict", draft.addPart("0", large("0.bin")));
  assertEquals((await removed(world)).length, 2);
});

testProtocol("lost replies are read back, refusals leave nothing", {}, async (world) => {
  const { registry, backend, keys, open } = world;
  const draft = await registry.openDraft("a", { id: "1" });
  backend.answer({ verb: "put", key: /^objects\// }, busy);
  await rejected("Unavailable", draft.addPart("0", large("0.bin")));
  assertEquals([await keys("objects/"), await keys("drafts/")], [[], []]);
  backend.answer({ verb: "put", key: /^drafts\// }, lostReply, busy);
  assertEquals((await draft.addPart("0", large("0.bin"))).added, true);
  const reader = await (await open({ readOnly: true })).registry.openDraft("a", { id: "1" });
  for (const write of [reader.addPart("1", []), reader.commit(), reader.discard()]) {
    await rejected("Denied", write);
  }
  backend.answer({ verb: "put", key: /^names\/a\/versions\// }, lostReply, busy);
  const saved = await draft.commit();
  assertEquals([saved.version, (await draft.commit()).commit], ["1.0.0", saved.commit]);
});

testProtocol("a part is not acknowledged when its draft may be collected", {}, async (world) => {
  const { registry, backend, advance } = world;
  const draft = await registry.openDraft("a", { id: "1" });
  await draft.addPart("0", large("0.bin"));
  const stop = followedBy(async () => {
    await draft.discard();
    advance(GRACE_MS + 1);
    await removed(world);
  });
  backend.answer({ verb: "put", key: /^drafts\/a\/1\/1\// }, stop);
  const error = await rejected("Unavailable", draft.addPart("1", large("1.bin")), /took too long/);
  assertEquals([error.maybeWritten, await world.keys("drafts/")], [true, []]);
});
