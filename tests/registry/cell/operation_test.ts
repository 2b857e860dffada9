import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import type { FileToSave } from "../../../core/materializer.ts";
import { startOperation } from "../../../registry/cell/operation.ts";
import type { OpeningStore } from "../../../registry/cell/store.ts";
import {
  fileSet,
  filler,
  GRACE_MS,
  HOUR,
  slowTestProtocol,
  testProtocol,
} from "../protocol_world.ts";
import type { Clocks, ProtocolWorld } from "../protocol_world.ts";
import { rejected } from "../rejected.ts";
import { doing, followedBy, lostRequest, nothing, pass } from "../scripted_backend.ts";

const CREATE = { verb: "put", mode: "create" } as const;
const UPLOAD = { verb: "put", key: /^objects/ } as const;
const READ_BACK = { verb: "get", key: /\.rec$/ } as const;
const ONE = { version: "1.0.0" };
const CELL = "names/a/versions/";
const TOO_LONG = GRACE_MS / 4 + 1000;
const TWO_FILES = { one: filler("one", 300_000), two: filler("two", 300_000) };

for (const clock of ["monotonic", "wall", "store"] as const) {
  testProtocol(`past graceMs / 4 by the ${clock} clock nothing is sent`, async (world) => {
    const { registry, backend, advance, keys } = world;
    backend.answer(UPLOAD, pass, doing(() => advance(TOO_LONG, clock)));
    const error = await rejected(
      "Unavailable",
      registry.save("a", TWO_FILES, { ...ONE, as: fileSet }),
    );
    assertEquals(error.maybeWritten, undefined);
    assertEquals(backend.asked(CREATE), []);
    assertEquals(await keys("names/"), []);
    assertEquals(await keys("objects/"), []);
  });

  testProtocol(`up to graceMs / 4 by the ${clock} clock the record is sent`, async (world) => {
    const { registry, backend, advance } = world;
    backend.answer(UPLOAD, pass, doing(() => advance(GRACE_MS / 4, clock)));
    await registry.save("a", TWO_FILES, { ...ONE, as: fileSet });
  });
}

for (const clock of ["monotonic", "wall"] as const) {
  testProtocol(
    `a possibly sent create is not repeated past the deadline (${clock})`,
    async (world) => {
      const { registry, backend, advance } = world;
      backend.answer(CREATE, lostRequest);
      backend.answer(READ_BACK, doing(() => advance(TOO_LONG, clock), nothing));
      const error = await rejected("Unknown", registry.save("a", "one", ONE));
      assertEquals(error.maybeWritten, true);
      assertEquals(backend.asked(CREATE).length, 1);
    },
  );
}

testProtocol(
  "setting the wall clock back does not extend the deadline",
  async ({ registry, backend, advance }) => {
    const setBack = () => {
      advance(-10 * HOUR, "wall");
      advance(TOO_LONG, "monotonic");
    };
    backend.answer(UPLOAD, doing(setBack));
    await rejected("Unavailable", registry.save("a", filler("one"), ONE));
  },
);

testProtocol(
  "time before the first request does not count",
  async ({ registry, advance, head, clocks }) => {
    async function* slowly(): AsyncGenerator<FileToSave> {
      advance(3 * GRACE_MS);
      yield await Promise.resolve({ path: "one", content: filler("one") });
    }
    await registry.save("a", slowly, { ...ONE, as: fileSet });
    assertEquals(Date.parse((await head(CELL)).startedAt), clocks.store);
  },
);

testProtocol(
  "the deadline applies to tombstones and aliases",
  async ({ registry, backend, advance }) => {
    for (const value of ["one", "two"]) await registry.save("a", value);
    const slow = () => doing(() => advance(TOO_LONG, "monotonic"));
    backend.answer(READ_BACK, pass, pass, slow());
    await registry.setAlias("a", "live", "1");
    backend.answer({ verb: "list", key: /aliases/ }, slow());
    await rejected("Unavailable", registry.setAlias("a", "live", "2"));
    backend.answer({ verb: "list", key: /versions/ }, pass, slow());
    await rejected("Unavailable", registry.delete("a@1", { force: true }));
    assertEquals(await registry.has("a"), true);
  },
);

testProtocol(
  "a head older than graceMs / 8 is read again before the record",
  { mutable: true },
  async (world) => {
    const { registry, backend, open, advance } = world;
    const rival = await open();
    await registry.save("a", "one", ONE);
    const overwrite = { ...ONE, onConflict: "overwrite" } as const;
    const overtaken = async () => {
      await rival.registry.save("a", "theirs", overwrite);
      advance(GRACE_MS / 8 + 1000);
    };
    backend.answer(UPLOAD, followedBy(overtaken));
    backend.forget();
    await registry.save("a", filler("mine"), overwrite);
    assertEquals(backend.asked(CREATE).length, 1, "it wrote above a head that was covered");
    assertEquals((await registry.info("a")).generation, 3);
  },
);

testProtocol("startedAt is the store's time of the first payload reply", async (world) => {
  const { open, clocks, advance, head } = world;
  clocks.wall -= 5 * HOUR;
  const { registry, backend } = await open();
  const at = clocks.store + HOUR;
  backend.answer(UPLOAD, doing(() => advance(HOUR)), doing(() => advance(HOUR)));
  await registry.save("a", TWO_FILES, { ...ONE, as: fileSet });
  const { startedAt, createdAt } = await head(CELL);
  assertEquals(Date.parse(startedAt), at);
  assertEquals(Date.parse(createdAt), clocks.wall);
});

testProtocol("before the first reply, startedAt uses the known clock offset", async (world) => {
  const { registry, clocks, head } = world;
  await registry.save("b", "a reply that tells the store's time");
  clocks.wall -= 5 * HOUR;
  await registry.save("b", "the clock has another offset now");
  await registry.save("a", "one", ONE);
  assertEquals(Date.parse((await head(CELL)).startedAt), clocks.store);
});

const REASON = new Error("enough");

async function aborted(
  { registry }: ProtocolWorld,
  play: (controller: AbortController) => void,
  value: unknown = "one",
): Promise<unknown> {
  const controller = new AbortController();
  play(controller);
  return await registry.save("a", value, { signal: controller.signal }).catch((error) => error);
}

testProtocol(
  "an abort before the first request throws its reason and sends nothing",
  async (world) => {
    for (const value of ["small", filler("large"), filler("larger", 400_000)]) {
      assertEquals(await aborted(world, (controller) => controller.abort(REASON), value), REASON);
    }
    assertEquals(world.backend.calls, []);
  },
);

testProtocol("an abort during the upload throws its reason and removes payload", async (world) => {
  const { backend, keys } = world;
  const end = (controller: AbortController) =>
    doing(() => controller.abort(REASON), () => Promise.reject(REASON));
  assertEquals(
    await aborted(world, (controller) => backend.answer(UPLOAD, end(controller)), filler("one")),
    REASON,
  );
  const value = new Blob([filler("two", 400_000)]);
  assertEquals(
    await aborted(
      world,
      (controller) => backend.answer(UPLOAD, followedBy(() => controller.abort(REASON))),
      value,
    ),
    REASON,
  );
  assertEquals(await keys("objects/"), []);
  assertEquals(await keys("names/"), []);
});

testProtocol("an abort while a create is in flight is Unknown, landed or not", async (world) => {
  const { backend, keys } = world;
  for (const lands of [true, false]) {
    const end = (controller: AbortController) => async (act: () => Promise<unknown>) => {
      if (lands) await act();
      controller.abort(REASON);
      throw REASON;
    };
    const before = await keys(CELL);
    const value = filler(`lands: ${lands}`);
    const error = await aborted(
      world,
      (controller) => backend.answer(CREATE, end(controller)),
      value,
    );
    assertEquals((await rejected("Unknown", Promise.reject(error))).cause, REASON);
    assertEquals((await keys(CELL)).length - before.length, lands ? 1 : 0);
  }
  assertEquals((await keys("objects/")).length, 2);
});

testProtocol("an abort after a lost race throws its reason and removes payload", async (world) => {
  const { backend, open, keys } = world;
  const rival = await open();
  backend.answer(CREATE, doing(() => rival.registry.save("a", "theirs")));
  const play = (controller: AbortController) =>
    void (world.atSleep = () => controller.abort(REASON));
  assertEquals(await aborted(world, play, filler("mine")), REASON);
  assertEquals(await keys("objects/"), []);
});

testProtocol("an abort ends opening a registry", async ({ open, store }) => {
  await assertRejects(() => open({ signal: AbortSignal.abort(REASON) }), Error, "enough");
  for await (const entry of store.list("settings/")) assert("key" in entry);
});

slowTestProtocol("a save fails cleanly if any clock jumps at any call", async (world) => {
  const { open, advance, keys } = world;
  const jumps: (keyof Clocks)[][] = [["monotonic"], ["wall"], ["store"], []];
  for (const jump of jumps) {
    for (let n = 0;; n++) {
      const { registry, backend } = await open();
      let call = 0;
      backend.answerAll({}, followedBy(() => call++ === n && advance(TOO_LONG, ...jump)));
      const outcome = await registry.save("a", TWO_FILES, { as: fileSet }).catch((
        error,
      ) => error);
      if ("code" in outcome) assertEquals(outcome.code, "Unavailable");
      else assertEquals(await registry.load(`a@${outcome.version}`, { as: fileSet }), TWO_FILES);
      if (call <= n) break;
    }
  }
  const versions = await Array.fromAsync(world.registry.versions("a"));
  assertEquals((await keys("objects/")).length, versions.length === 0 ? 0 : 2);
});

testProtocol("a reply with an earlier time makes no view younger", async (world) => {
  const { registry, backend, clocks, advance } = world;
  const old = GRACE_MS / 8 + 1000; // by the store's clock alone
  const behind = doing(() => void (clocks.store -= old)); // another machine of the store answers
  backend.answer(UPLOAD, doing(() => advance(old, "store")), behind);
  await registry.save("x", "small"); // from here on the store's time is known
  backend.forget();
  await registry.save("a", TWO_FILES, { ...ONE, as: fileSet });
  const looked = backend.calls.findLastIndex(({ verb, key }) =>
    verb === "list" && key.includes("versions")
  );
  assert(looked > backend.calls.findLastIndex(({ key }) => key.startsWith("objects/")));
});

testProtocol("an abort is Unknown once a create was sent", {}, ({ system, store }) => {
  const context = {
    backend: store,
    system,
    settings: { graceMs: GRACE_MS },
  } as unknown as OpeningStore;
  const stop = new AbortController();
  const operation = startOperation(context, "save", stop.signal);
  operation.checkCommit();
  operation.unresolved = true;
  stop.abort();
  assertThrows(() => operation.checkCommit(), RegistryError, "got no response");
  operation.unresolved = false;
  assertEquals(assertThrows(() => operation.checkCommit()), stop.signal.reason);
  return Promise.resolve();
});
