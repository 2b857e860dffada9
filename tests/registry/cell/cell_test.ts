import { assert, assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import { isRegistryError, RegistryError } from "../../../core/errors.ts";
import { createProtocolWorld, HOUR, type Machine, testProtocol } from "../protocol_world.ts";
import { rejected } from "../rejected.ts";
import {
  type Answer,
  busy,
  damaged,
  denied,
  doing,
  hiddenRetry,
  late,
  lostReply,
  lostRequest,
  nothing,
  pass,
} from "../scripted_backend.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";
import { casesOfRun, slowTest } from "../../support/seeds.ts";

const CREATE = { verb: "put", mode: "create" } as const;
const READ_BACK = { verb: "get", key: /\.rec$/ } as const;
const ONE = { version: "1.0.0" };
const MUTABLE = { mutable: true };
const CELL = "names/a/versions/";

testProtocol("a lost reply is resolved by reading the own commit back", async (world) => {
  const { registry, backend, keys } = world;
  backend.answer(CREATE, lostReply);
  const saved = await registry.save("a", "one", ONE);
  assertEquals(saved.skipped, false);
  assertEquals(backend.calls.map(({ verb }) => verb), ["put", "get"]);
  assertEquals((await keys(CELL)).length, 1);
  assertEquals((await registry.info("a")).commit, saved.commit);
});

testProtocol("a hidden repeat of the request is a success", async (world) => {
  const { registry, backend, keys } = world;
  backend.answer(CREATE, hiddenRetry);
  const saved = await registry.save("a", "one", ONE);
  assertEquals(saved.skipped, false);
  assertEquals((await keys(CELL)).length, 1);
  assertEquals(backend.asked(READ_BACK).length, 1);
});

testProtocol(`an "exists" with another commit is a loss`, async ({ registry, backend, open }) => {
  const rival = await open();
  backend.answer(CREATE, doing(() => rival.registry.save("a", "theirs", ONE)));
  await rejected("AlreadyExists", registry.save("a", "mine", ONE));
  assertEquals(await registry.load("a"), "theirs");
});

testProtocol("a lost request is repeated for the same key only", async (world) => {
  const { registry, backend, keys } = world;
  backend.answer(CREATE, lostRequest, lostRequest, busy, lostRequest);
  assertEquals((await registry.save("a", "one")).version, "1.0.0");
  const sent = backend.calls.filter(({ mode }) => mode === "create");
  assertEquals(new Set(sent.map(({ key }) => key)).size, 1);
  assertEquals(sent.length, 5);
  for (const { bytes } of sent) assertEquals(bytes, sent[0].bytes);
  assertEquals((await keys(CELL)).length, 1);
});

testProtocol(
  "a repeat that meets its own delayed first request succeeds",
  async ({ registry, backend, keys }) => {
    const first = late();
    backend.answer(CREATE, first.answer, doing(first.land));
    assertEquals((await registry.save("a", "one")).skipped, false);
    assertEquals((await keys(CELL)).length, 1);
  },
);

testProtocol(
  "a lost reply is read back until the store answers",
  async ({ registry, backend, slept }) => {
    backend.answer(CREATE, lostReply);
    backend.answer(READ_BACK, busy, busy, busy, busy, busy);
    assertEquals((await registry.save("a", "one", ONE)).version, "1.0.0");
    assertEquals(backend.asked(READ_BACK).length, 6);
    assertEquals(backend.asked(CREATE).length, 1);
    assertEquals(slept.length, 5);
  },
);

testProtocol("an unreadable outcome is Unknown after retryForMs", async (world) => {
  const { open, clocks, head } = world;
  for (const [name, answer] of [["a", hiddenRetry], ["b", lostReply]] as const) {
    const { registry, backend } = await open({ retryForMs: 60_000 });
    backend.answer(CREATE, answer);
    backend.answerAll(READ_BACK, busy);
    const begun = clocks.monotonic;
    const error = await rejected("Unknown", registry.save(name, "one", ONE));
    assertEquals(error.maybeWritten, true);
    assertEquals(error.retry, "unknown");
    assertLess(clocks.monotonic - begun, 60_000);
    assert(clocks.monotonic - begun > 40_000, "it gave up early");
    assertEquals(error.commit, (await head(`names/${name}/versions/`)).commit);
  }
});

testProtocol("lost requests end in Unknown after retryForMs", async ({ open, clocks }) => {
  const { registry, backend } = await open({ retryForMs: 5_000 });
  backend.answerAll(CREATE, lostRequest);
  const begun = clocks.monotonic;
  assertEquals((await rejected("Unknown", registry.save("a", "one"))).maybeWritten, true);
  assertLess(clocks.monotonic - begun, 5_000);
});

testProtocol("a busy store is retried, then Unavailable: nothing was sent", async (world) => {
  const { open, keys } = world;
  const { registry, backend } = await open({ retryForMs: 5_000 });
  backend.answer(CREATE, busy, busy);
  await registry.save("a", "one", ONE);
  backend.answerAll(CREATE, busy);
  const error = await rejected("Unavailable", registry.save("b", "one", ONE));
  assertEquals(error.maybeWritten, undefined);
  assertEquals(error.retry, "later");
  assert(backend.asked(CREATE).length > 10);
  assertEquals(await keys("names/b/"), []);
});

testProtocol(
  "a permanent refusal is reported, unless a lost request came before",
  async (world) => {
    const { registry, backend, keys } = world;
    backend.answer(CREATE, denied);
    await rejected("Denied", registry.save("a", "one"));
    backend.answer(CREATE, busy, denied);
    await rejected("Denied", registry.save("a", "one"));
    backend.answer(CREATE, lostRequest, denied);
    await rejected("Unknown", registry.save("a", "one"));
    assertEquals(await keys("names/"), []);
  },
);

testProtocol("an unreadable own record is Unknown and keeps its payload", async (world) => {
  const { open, keys } = world;
  const { registry, backend } = await open({ retryForMs: 5_000 });
  backend.answer(CREATE, lostReply);
  backend.answerAll(READ_BACK, damaged);
  await rejected("Unknown", registry.save("a", new Uint8Array(70_000), ONE));
  backend.heal();
  assertEquals((await keys("objects/a/")).length, 1);
  assertEquals(await registry.load("a"), new Uint8Array(70_000));
});

testProtocol("an unexpected error of a driver during a create is Unknown", async (world) => {
  const { registry, backend } = world;
  const bug: Answer = async (act) => {
    await act();
    throw new TypeError("a bug in a driver");
  };
  backend.answer(CREATE, bug);
  const error = await rejected("Unknown", registry.save("a", "one"));
  assert(error.cause instanceof TypeError);
});

testProtocol(
  "an existing record that is gone when read back is created again",
  async ({ registry, backend, keys }) => {
    backend.answer(CREATE, () => ({ written: false, reason: "exists" }));
    backend.answer(READ_BACK, nothing);
    assertEquals((await registry.save("a", "one", ONE)).skipped, false);
    assertEquals(backend.asked(CREATE).length, 2);
    assertEquals((await keys(CELL)).length, 1);
  },
);

testProtocol("a fenced writer never retries", async ({ registry, backend, keys }) => {
  const fenced: Answer = (_act, { key }) => {
    throw new RegistryError({
      code: "Unknown",
      message: `Cannot put "${key}": its stage file was removed`,
      hint: "Read.",
    });
  };
  for (const before of [[], [busy], [lostRequest]]) {
    backend.forget();
    backend.answer(CREATE, ...before, fenced);
    const error = await rejected("Unknown", registry.save("a", new Uint8Array(70_000)));
    assertEquals(error.maybeWritten, true);
    assertEquals(backend.asked(CREATE).length, before.length + 1);
  }
  assertEquals(await keys("names/"), []);
  assertEquals((await keys("objects/")).length, 3);
});

for (
  const [how, answer] of Object.entries({
    "reply": pass,
    "read-back": hiddenRetry,
  })
) {
  testProtocol(`a late record does not commit: ${how}`, MUTABLE, async (world) => {
    const { open, advance, keys } = world;
    const rival = await open();
    await rival.registry.save("a", 1, ONE);
    const overwrite = { ...ONE, onConflict: "overwrite" } as const;
    for (const value of ["small", new Uint8Array(70_000)]) {
      const { registry, backend } = await open();
      const before = await keys("objects/");
      const overtaken = async (): Promise<void> => {
        advance(13 * HOUR, "store");
        await rival.registry.save("a", "theirs", overwrite);
        const [below] = await keys(CELL);
        await rival.registry.save("a", "again", overwrite);
        await world.store.delete(below); // as a collector does in the end
      };
      backend.answer(CREATE, doing(overtaken, answer));
      await rejected("Unknown", registry.save("a", value, overwrite));
      assertEquals(await registry.load("a"), "again");
      assertEquals((await keys("objects/")).length - before.length, value === "small" ? 0 : 1);
    }
  });
}

testProtocol("a late record with payload does not commit, even as the head", async (world) => {
  const { registry, backend } = await world.open();
  backend.answer(CREATE, doing(() => world.advance(13 * HOUR, "store")));
  await rejected("Unknown", registry.save("a", new Uint8Array(70_000)));
  assertEquals((await world.keys("objects/")).length, 1);
});

testProtocol(
  "a clock far behind the store's does not make small commits fail",
  MUTABLE,
  async (world) => {
    const { open, clocks } = world;
    clocks.wall -= 30 * HOUR;
    for (
      const act of [
        ({ registry }: Machine) => registry.save("a", 1, ONE),
        ({ registry }: Machine) => registry.save("a", 2, { ...ONE, onConflict: "overwrite" }),
        ({ registry }: Machine) => registry.save("a", new Uint8Array(70_000)),
        ({ registry }: Machine) => registry.delete("a@1"),
      ]
    ) await act(await open());
  },
);

testProtocol(
  "tombstones and aliases are committed by the same protocol",
  async ({ registry, backend, keys }) => {
    for (const answer of [lostReply, lostRequest, hiddenRetry]) {
      const { version } = await registry.save("a", "one");
      backend.answer({ ...CREATE, key: /aliases/ }, answer);
      await registry.setAlias("a", "live", version);
      assertEquals(await aliasesOf(registry, "a"), { live: version });
      backend.answer({ ...CREATE, key: /aliases/ }, answer);
      assertEquals(await registry.deleteAlias("a", "live"), true);
      backend.answer({ ...CREATE, key: /versions/ }, answer);
      assertEquals(await registry.delete(`a@${version}`), true);
      assertEquals(await registry.has("a"), false);
    }
    assertEquals((await keys(CELL)).length, 6);
    assertEquals((await keys("names/a/aliases/")).length, 6);
  },
);

testProtocol("a damaged head can be overwritten and deleted", MUTABLE, async (world) => {
  const { registry, backend, head } = world;
  await registry.save("a", 1, ONE);
  backend.answer(READ_BACK, damaged);
  await registry.save("a", 2, { ...ONE, onConflict: "overwrite" });
  assertEquals((await head(CELL)).generation, 2);
  assertEquals((await head(CELL)).previous, undefined);
  backend.answer(READ_BACK, damaged);
  assertEquals(await registry.delete("a", { allVersions: true }), true);
});

slowTest("an operation commits at most once and reports its outcome truly", async () => {
  const faults = { busy, damaged, denied, hiddenRetry, lostReply, lostRequest };
  const name = fc.constantFrom(
    ...Object.keys(faults) as (keyof typeof faults)[],
    "pass",
    "rival",
    "late",
  );
  const script = fc.record({
    creates: fc.array(name, { maxLength: 6 }),
    reads: fc.array(name, { maxLength: 4 }),
  });
  const kind = fc.constantFrom("explicit", "automatic", "overwrite", "keyed");
  await fc.assert(
    fc.asyncProperty(script, kind, fc.boolean(), async ({ creates, reads }, kind, large) => {
      const world = await createProtocolWorld({ mutable: true });
      const rival = await world.open();
      const { registry, backend } = await world.open({ retryForMs: 2_000 });
      const stragglers: (() => Promise<unknown>)[] = [];
      const answerOf = (fault: string): Answer => {
        const straggler = late();
        if (fault === "rival") return doing(() => rival.registry.save("a", "theirs"));
        if (fault === "pass") return (act) => act();
        if (fault !== "late") return faults[fault as keyof typeof faults];
        return (act, call) => (stragglers.push(straggler.land), straggler.answer(act, call));
      };
      backend.answer({ ...CREATE }, ...creates.map(answerOf));
      backend.answer(
        READ_BACK,
        ...reads.filter((fault) => ["busy", "damaged", "pass"].includes(fault)).map(answerOf),
      );
      const options = {
        explicit: ONE,
        automatic: {},
        overwrite: { ...ONE, onConflict: "overwrite" as const },
        keyed: { idempotencyKey: "k" },
      }[kind]!;
      const value = large ? new Uint8Array(70_000) : "mine";
      const size = large ? 70_000 : 4; // nobody else's
      const outcome = await registry.save("a", value, options).catch((error) => error);
      for (const land of stragglers) await land();
      const all = await world.records(CELL);
      const written = all.filter((record) => record.kind === "version" && record.size === size).map(
        ({ commit }) => commit,
      );
      if (!isRegistryError(outcome)) assertEquals(written, [outcome.commit]);
      else assert(written.length <= (outcome.code === "Unknown" ? 1 : 0), outcome.message);
      for (const commit of written) {
        assertEquals(await world.registry.load(await refOf(world, commit)), value);
      }
    }),
    { numRuns: casesOfRun(1000) },
  );

  /** Returns the ref of a commit that no later generation covers. */
  async function refOf(
    world: Awaited<ReturnType<typeof createProtocolWorld>>,
    commit: string,
  ): Promise<string> {
    for await (const { version, info } of world.registry.versions("a", { details: true })) {
      if (info!.commit === commit) return `a@${version}`;
    }
    throw new Error(`Cannot find commit ${commit}: it is covered`);
  }
});
