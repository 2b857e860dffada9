import { assert, assertEquals, assertMatch } from "@std/assert";
import { encodeRecord, FORMAT } from "../../../registry/format/record_codec.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { filler, GRACE_MS, HOUR, testProtocol } from "../protocol_world.ts";
import type { Machine, ProtocolWorld } from "../protocol_world.ts";
import { rejected } from "../rejected.ts";
import {
  type Answer,
  busy,
  damaged,
  doing,
  followedBy,
  late,
  lostReply,
  lostRequest,
} from "../scripted_backend.ts";

const KEY = { idempotencyKey: "run 7" };
const SKIPPING = { skipIfUnchanged: true };
const ONE = { version: "1.0.0" };
const MUTABLE = { mutable: true };
const OVERWRITE = { ...ONE, onConflict: "overwrite" } as const;
const VERSION = { verb: "put", mode: "create", key: /versions/ } as const;
const KEY_RECORD = { verb: "put", mode: "create", key: /keys/ } as const;
const READ_VERSION = { verb: "get", key: /versions/ } as const;

/** Saves on a machine that crashes at the first matching call, before or after its effect. */
async function crashAt(
  { open }: ProtocolWorld,
  pattern: object,
  takesEffect: boolean,
  value: unknown,
): Promise<void> {
  const { registry, backend } = await open();
  const crashed = Promise.withResolvers<void>();
  backend.answer(pattern, async (act) => {
    if (takesEffect) await act();
    crashed.resolve();
    return await new Promise(() => {});
  });
  registry.save("a", value, KEY).catch(() => {});
  await crashed.promise;
}

/** Answers the create of a version, and fails all later reads of it. */
function silenceAfter({ backend }: Machine, answer: Answer): void {
  backend.answer(VERSION, doing(() => backend.answerAll(READ_VERSION, busy), answer));
}

testProtocol(
  "a repeat returns the first result and writes nothing",
  async ({ registry, backend, keys }) => {
    for (const value of ["small", filler("large")]) {
      const key = { idempotencyKey: `of ${value.length}` };
      const first = await registry.save("a", value, key);
      await registry.save("a", "another");
      const before = await keys();
      backend.forget();
      assertEquals(await registry.save("a", "whatever", key), {
        ...first,
        skipped: true,
        addedBytes: 0,
      });
      assertEquals(await registry.save("a", filler("large whatever"), key), {
        ...first,
        skipped: true,
        addedBytes: 0,
      });
      assertEquals(backend.asked({ verb: "put" }), []);
      assertEquals(await keys(), before);
    }
  },
);

for (const [what, lost] of Object.entries({ "landed": lostReply, "did not land": lostRequest })) {
  testProtocol(
    `after Unknown, a repeat returns the first result: the record ${what}`,
    async (world) => {
      const { registry, open, keys } = world;
      const unlucky = await open({ retryForMs: 1000 });
      unlucky.backend.answer(VERSION, lost);
      unlucky.backend.answerAll(READ_VERSION, busy);
      const error = await rejected("Unknown", unlucky.registry.save("a", "one", KEY));
      const saved = await registry.save("a", "one", KEY);
      assertEquals(saved.version, "1.0.0");
      assertEquals(saved.skipped, what === "landed");
      assertEquals(saved.commit === error.commit, what === "landed");
      assertEquals((await keys("names/a/versions/")).length, 1);
    },
  );

  testProtocol(
    `after a crash at the record, a repeat saves once: the record ${what}`,
    async (world) => {
      for (const value of ["small", filler("large")]) {
        await crashAt(world, VERSION, what === "landed", value);
        const saved = await world.registry.save("a", value, KEY);
        assertEquals({ version: saved.version, skipped: saved.skipped }, {
          version: "1.0.0",
          skipped: what === "landed",
        });
        assertEquals(await world.registry.load("a"), value);
        assertEquals((await world.keys("names/a/versions/")).length, 1);
        for (const key of await world.keys("names/")) await world.store.delete(key);
      }
    },
  );
}

testProtocol(
  "after a crash behind the key's record, a repeat creates the same target",
  async (world) => {
    const { registry, records } = world;
    await crashAt(world, KEY_RECORD, true, "one");
    assertEquals((await registry.save("a", "one", KEY)).version, "1.0.0");
    assertEquals((await records("names/a/keys/")).length, 1);
  },
);

testProtocol("the key takes its next generation if its target is occupied", async (world) => {
  const { registry, backend, open, records } = world;
  const rival = await open();
  backend.answer(VERSION, ...[1, 2].map(() => doing(() => rival.registry.save("a", "theirs"))));
  const saved = await registry.save("a", "mine", KEY);
  assertEquals(saved.version, "3.0.0");
  const targets = (await records("names/a/keys/")).map((record) =>
    record.kind === "key" && record.target.version
  );
  assertEquals(targets, ["3.0.0", "2.0.0", "1.0.0"]);
  assertEquals(await registry.save("a", "mine", KEY), { ...saved, skipped: true, addedBytes: 0 });
});

testProtocol("of two concurrent saves with one key only one saves", async (world) => {
  const { registry, backend, open, keys } = world;
  const twin = await open();
  for (const [turn, value] of ["small", filler("large")].entries()) {
    const key = { idempotencyKey: `turn ${turn}` };
    const first = Promise.withResolvers<string>();
    // The key's cell was empty when the first save listed it; the number it finds is not the
    // second's.
    const overtaken = doing(async () =>
      first.resolve((await twin.registry.save("a", value, key)).commit)
    );
    backend.answer({ verb: "list", key: /versions/ }, overtaken);
    const saved = await registry.save("a", value, key);
    assertEquals({ commit: saved.commit, skipped: saved.skipped }, {
      commit: await first.promise,
      skipped: true,
    });
  }
  assertEquals((await keys("names/a/versions/")).length, 2);
});

testProtocol("a save that loses its version to its own repeat returns that one", async (world) => {
  const { registry, backend, open, keys } = world;
  const twin = await open();
  for (const [version, value] of [["1", "small"], ["2", filler("large")]] as const) {
    const save = { version, idempotencyKey: `of ${version}` };
    const winner = Promise.withResolvers<string>();
    backend.answer(
      VERSION,
      doing(async () => winner.resolve((await twin.registry.save("a", value, save)).commit)),
    );
    const saved = await registry.save("a", value, save);
    assertEquals({ commit: saved.commit, skipped: saved.skipped }, {
      commit: await winner.promise,
      skipped: true,
    });
  }
  assertEquals((await keys("objects/")).length, 1);
});

testProtocol(
  "a repeat whose target lands between its two reads returns it",
  MUTABLE,
  async (world) => {
    const { registry, backend, open } = world;
    const other = await open();
    const first = await registry.save("a", "first", ONE);
    const second = late();
    const slow = await open({ retryForMs: 1000 });
    silenceAfter(slow, second.answer);
    await slow.registry.save("a", "second", { ...OVERWRITE, ...KEY }).catch(() => {});
    backend.answer(READ_VERSION, followedBy(second.land));
    const saved = await registry.save("a", "second", { ...OVERWRITE, ...KEY });
    assertEquals(saved.skipped, true);
    assert(saved.commit !== first.commit);
    assertEquals(await other.registry.load("a"), "second");
  },
);

testProtocol("a repeat that loses to its own delayed first request returns it", async (world) => {
  const { registry, backend, open, keys } = world;
  const first = late();
  const slow = await open({ retryForMs: 1000 });
  silenceAfter(slow, first.answer);
  const error = await rejected("Unknown", slow.registry.save("a", filler("one"), KEY));
  backend.answer(VERSION, doing(first.land));
  const saved = await registry.save("a", filler("one"), KEY);
  assertEquals({ commit: saved.commit, skipped: saved.skipped }, {
    commit: error.commit!,
    skipped: true,
  });
  assertEquals((await keys("objects/")).length, 1);
  assertEquals(await registry.load("a"), filler("one"));
});

for (const when of ["before the repeat", "under the repeat"] as const) {
  testProtocol(`an expired record is not the result of a repeat: ${when}`, async (world) => {
    const { registry, backend, open, advance } = world;
    const slow = await open({ retryForMs: 1000 });
    const first = late();
    silenceAfter(slow, first.answer);
    await rejected("Unknown", slow.registry.save("a", filler("one"), KEY));
    advance(GRACE_MS + HOUR);
    await collectGarbage(registry);
    if (when === "before the repeat") await first.land();
    else backend.answer(VERSION, doing(first.land));
    const saved = await registry.save("a", filler("one"), KEY);
    assertEquals(saved.version, "2.0.0");
    assertEquals(await registry.load(`a@${saved.version}`), filler("one"));
    assertEquals(await registry.save("a", filler("one"), KEY), {
      ...saved,
      skipped: true,
      addedBytes: 0,
    });
  });
}

testProtocol(
  "a key whose version was replaced and collected is a conflict",
  MUTABLE,
  async (world) => {
    const { registry, advance } = world;
    await registry.save("a", "founder", { version: "2.0.0" });
    const target = { ...OVERWRITE, ...KEY };
    for (const version of ["1.0.0", "2.0.0"]) {
      const key = { ...target, version, idempotencyKey: `for ${version}` };
      await registry.save("a", filler("one"), key);
      await registry.save("a", "two", { ...OVERWRITE, version });
      assertEquals((await registry.save("a", filler("one"), key)).skipped, true);
      await registry.save("a", "three", { ...OVERWRITE, version });
      advance(2 * GRACE_MS);
      await collectGarbage(registry);
      const error = await rejected("Conflict", registry.save("a", filler("one"), key));
      assertMatch(error.message, /replaced/);
      assertEquals(await registry.load(`a@${version}`), "three");
    }
  },
);

testProtocol(
  "a damaged key record is a conflict, never a second save",
  async ({ registry, backend, keys }) => {
    await registry.save("a", "one", KEY);
    backend.answer({ verb: "get", key: /keys/ }, damaged);
    const error = await rejected("Conflict", registry.save("a", "one", KEY));
    assertMatch(error.message, /damaged/);
    assertEquals((await keys("names/a/versions/")).length, 1);
  },
);

testProtocol("a key's record in the cell of another key is Corrupt", async (world) => {
  const { registry, store, keys } = world;
  await registry.save("a", "one", KEY);
  const [key] = await keys("names/a/keys/");
  const other = key.replace(/[^/]+(?=\/[^/]+$)/, "run=208"); // "run 8"
  await store.put(other, await (await store.get(key))!.bytes());
  const error = await rejected("Corrupt", registry.save("a", "two", { idempotencyKey: "run 8" }));
  assertEquals(error.key, other);
  assertEquals((await keys("names/a/versions/")).length, 1);
});

testProtocol("a key record without a version after a lost reply is Unknown", async (world) => {
  const { registry, backend } = await world.open({ retryForMs: 1000 });
  backend.answerAll(KEY_RECORD, lostReply);
  backend.answerAll({ verb: "get", key: /keys/ }, busy);
  await rejected("Unknown", registry.save("a", "one", KEY));
  assertEquals((await world.registry.save("a", "one", KEY)).version, "1.0.0");
});

testProtocol(
  "a keyed save of an existing version always fails, or always skips",
  async ({ registry }) => {
    const first = await registry.save("a", "theirs", ONE);
    for (let turn = 0; turn < 2; turn++) {
      await rejected("AlreadyExists", registry.save("a", "mine", { ...ONE, ...KEY }));
      await rejected("AlreadyExists", registry.save("a", filler("mine"), { ...ONE, ...KEY }));
    }
    // a failure is not a result; a skipped save is
    for (const onConflict of ["skip", "skip", "fail"] as const) {
      const skipped = await registry.save("a", "mine", { ...ONE, ...KEY, onConflict });
      assertEquals(skipped, { ...first, skipped: true, addedBytes: 0 });
    }
  },
);

testProtocol(
  "a repeat with ifCommit and a key is not a conflict",
  MUTABLE,
  async ({ registry }) => {
    const { commit } = await registry.save("a", 1, ONE);
    const change = { ...ONE, ...KEY, ifCommit: commit };
    const saved = await registry.save("a", 2, change);
    assertEquals(await registry.save("a", 2, change), { ...saved, skipped: true, addedBytes: 0 });
    await registry.save("a", 3, OVERWRITE);
    assertEquals(await registry.save("a", 2, change), { ...saved, skipped: true, addedBytes: 0 });
    await rejected("Conflict", registry.save("a", 2, { ...change, idempotencyKey: "another" }));
  },
);

testProtocol("a foreign record at the target is not overwritten", async (world) => {
  const { registry, store, keys, backend } = world;
  const at = "2026-01-01T00:00:00.000Z";
  const base = {
    format: FORMAT,
    generation: 1,
    commit: world.system.id(),
    startedAt: at,
    createdAt: at,
  };
  const target = "names/a/versions/final/p8p9p9/9007199254740990.rec";
  backend.answer(
    VERSION,
    doing(() => store.put(target, encodeRecord({ ...base, kind: "deleted" }))),
  );
  assertEquals((await registry.save("a", "mine", KEY)).version, "2.0.0");
  assertEquals((await keys("names/a/versions/")).length, 2);
});

testProtocol("a key belongs to its name and may be any short string", async ({ registry }) => {
  const save = (name: string, idempotencyKey: string) => registry.save(name, 1, { idempotencyKey });
  for (const key of ["run 7", "RUN 7", "../x", "é/ü", "con"]) {
    for (const name of ["a", "b"]) assertEquals((await save(name, key)).skipped, false);
  }
  for (const key of ["", "x".repeat(300)]) await rejected("Invalid", save("a", key));
});

testProtocol("a repeat whose version was deleted is refused, and saves nothing", async (world) => {
  const { registry, keys } = world;
  await registry.save("b", 1);
  for (const [value, options] of [["small", {}], [filler("large"), {}], [1, SKIPPING]] as const) {
    const name = value === 1 ? "b" : "a";
    const key = { ...options, idempotencyKey: `of ${typeof value} ${String(value).length}` };
    const { version } = await registry.save(name, value, key);
    assertEquals((await registry.save(name, value, key)).skipped, true);
    await registry.delete(`${name}@${version}`);
    const before = await keys();
    const { message, hint } = await rejected("Conflict", registry.save(name, value, key));
    assertMatch(message, /was deleted/);
    assertMatch(hint!, /new key/);
    assertEquals(await keys(), before);
    await registry.save(name, value, { idempotencyKey: `${key.idempotencyKey} again` });
    assertEquals(await registry.load(name), value);
  }
  const draft = await registry.openDraft("c", { id: "d" });
  await draft.addFile("data", new Uint8Array(3));
  const { version } = await draft.commit();
  await registry.delete(`c@${version}`);
  await rejected("Conflict", draft.commit());
});
