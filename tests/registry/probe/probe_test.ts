import * as unruly from "./unruly_store.ts";
import { assert, assertEquals, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { probeBackend, type ProbeCertificate } from "../../../registry/probe/probe.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { keysOf, REGISTRIES } from "../registries.ts";
import { rejected } from "../rejected.ts";
import {
  busy,
  createScriptedBackend,
  denied,
  doing,
  hiddenRetry,
  lostReply,
  lostRequest,
} from "../scripted_backend.ts";
import { openRegistry as open, type OpenRegistryOptions, type Registry } from "../../../mod.ts";

const HOUR_MS = 3_600_000;

function probe(vice?: unruly.Vice): Promise<ProbeCertificate> {
  const system = createScriptedSystem();
  return probeBackend(unruly.bucket(vice, createMemoryBackend({ system })), { system });
}

function failed({ steps }: ProbeCertificate): string[] {
  return steps.filter(({ ok }) => !ok).map(({ name }) => name);
}

Deno.test("a healthy store passes with at most 300 requests", async () => {
  const certificate = await probe();
  assertEquals(failed(certificate), []);
  assert(
    certificate.ok && certificate.requests > 200 && certificate.requests <= 300,
    `${certificate.requests}`,
  );
  assertEquals([certificate.kind, certificate.location], ["s3", "s3://unruly"]);
  assertEquals([certificate.clockOffsetMs, certificate.checkedAt], [0, "2026-01-01T00:00:00.000Z"]);
  assertEquals(JSON.parse(JSON.stringify(certificate)), certificate);
});

for (const { name, ignore, create } of REGISTRIES) {
  Deno.test({
    name: `built-in stores pass every step and are left empty (${name})`,
    ignore,
    async fn() {
      const root = await tempRoot();
      try {
        const backend = create(root);
        assertEquals(failed(await probeBackend(backend)), []);
        assertEquals(await keysOf(backend), []);
      } finally {
        await root.remove();
      }
    },
  });
}

const CREATE = "a create never overwrites";
const RACE = "racing creates have one winner";
const SEES = "a list sees every create and delete";
const ORDER = "a list is in the order of its keys' bytes";
const AFTER = "a list begins after a key and ends at a limit";
const FOLDS = "a list folds by delimiter";
const CLOCK = "the store's clock agrees with the local one";
const READ = "a read sees the last write";

const FINDINGS: [name: string, vice: unruly.Vice, steps: string[], says: RegExp][] = [
  [
    "ignores conditions",
    unruly.ignoresConditions,
    [CREATE, RACE, "an empty object is an object"],
    /overwrote an object: the store ignores the condition/,
  ],
  [
    "looks, then writes",
    unruly.looksThenWrites,
    [RACE],
    /16 of 16 creates of one key were acknowledged \(round 1\)/,
  ],
  [
    "forgets the condition",
    unruly.forgetsOverwritten,
    [CREATE],
    /had been overwritten before/,
  ],
  [
    "keeps the loser's bytes",
    unruly.keepsTheLoser,
    [RACE],
    /not the one whose create was acknowledged/,
  ],
  ["tears what is written at once", unruly.tears, [RACE], /none of those that were sent/],
  ["lists by locale", unruly.listsByLocale, [ORDER, AFTER, FOLDS, "keys beyond"], /instead of/],
  [
    "lists late",
    unruly.listsLate,
    [SEES, ORDER, AFTER, FOLDS, "the longest", "keys beyond", CLOCK],
    /does not show an object that was acknowledged/,
  ],
  ["lists what was deleted", unruly.listsTheDeleted, [SEES], /shows a deleted object/],
  ["ignores `after`", unruly.ignoresAfter, [AFTER, FOLDS], /a list after "order\/a\/0"/],
  ["ignores `limit`", unruly.ignoresLimit, [AFTER, FOLDS], /a list of limit 1/],
  ["ignores the delimiter", unruly.ignoresDelimiter, [FOLDS], /delimiter/],
  ["lists other sizes", unruly.listsOtherSizes, [SEES], /shows 512 bytes of an object of 501/],
  ["loses ranges", unruly.losesRanges, ["a range gives"], /bytes 0 to 1 of 1000 returned 1000/],
  ["remembers what was missing", unruly.remembersMissing, [READ], /other bytes/],
  ["gives what was deleted", unruly.readsTheDeleted, [READ], /still exists after it was deleted/],
  ["fails to delete what is missing", unruly.missesTheMissing, ["a missing key"], /there is none/],
  [
    "loses empty objects",
    unruly.losesEmptyObjects,
    ["an empty object"],
    /does not find an empty object/,
  ],
  ["cuts long keys", unruly.cutsLongKeys, ["the longest"], /of another key/],
  ["has a clock that is ahead", unruly.clockOff(2 * HOUR_MS), [CLOCK], /7200000 ms ahead.*900000/],
  ["has a clock that is behind", unruly.clockOff(-2 * HOUR_MS), [CLOCK], /7200000 ms behind/],
  ["tells no time", unruly.clockOff(NaN), [CLOCK], /has no time/],
  [
    "refuses creates",
    unruly.refusesCreates,
    [CREATE, RACE, "an empty object", SEES],
    /keeps versions/,
  ],
];

for (const [name, vice, steps, says] of FINDINGS) {
  Deno.test(`a store that ${name} does not pass`, async () => {
    const certificate = await probe(vice);
    const found = certificate.steps.filter(({ ok }) => !ok);
    assertEquals(
      found.map(({ name }, i) => name.startsWith(steps[i] ?? " ") ? steps[i] : name),
      steps,
    );
    assertMatch(found[0].detail!, says);
    assert(!certificate.ok);
  });
}

Deno.test("an order by UTF-16 units is reported but not required", async () => {
  const certificate = await probe(unruly.listsInUtf16);
  assertEquals(failed(certificate), ["keys beyond those of a registry are stored and ordered"]);
  assert(certificate.ok);
});

Deno.test("lost replies, hidden repeats and busy replies do not fail a store", async () => {
  for (const answer of [lostReply, lostRequest, hiddenRetry, busy]) {
    const system = createScriptedSystem();
    const backend = createScriptedBackend(
      unruly.bucket(undefined, createMemoryBackend({ system })),
    );
    for (let round = 1; round <= 6; round++) {
      backend.answer(
        { verb: "put", key: new RegExp(`/race/${round}$`), mode: "create" },
        answer,
        answer,
      );
    }
    backend.answer(
      { verb: "put", mode: "create", key: /over$/ },
      answer === hiddenRetry ? lostReply : answer,
    );
    assertEquals(failed(await probeBackend(backend, { system })), [], answer.name);
  }
});

Deno.test("an unreachable store throws, without a certificate", async () => {
  for (const [answer, code] of [[busy, "Unavailable"], [denied, "Denied"]] as const) {
    for (const verb of ["put", "get", "list", "delete"] as const) {
      const system = createScriptedSystem();
      const store = createMemoryBackend({ system });
      const backend = createScriptedBackend(store);
      backend.answerAll({ verb }, answer);
      await rejected(code, probeBackend(backend, { system }));
      if (verb !== "delete") assertEquals(await keysOf(store), []);
    }
  }
});

Deno.test("a store that failed before it stopped answering does not pass", async () => {
  const system = createScriptedSystem();
  const backend = createScriptedBackend(
    unruly.bucket(unruly.ignoresConditions, createMemoryBackend({ system })),
  );
  backend.answerAll({ verb: "get", key: /range/ }, busy);
  const certificate = await probeBackend(backend, { system });
  assertEquals([certificate.ok, failed(certificate), certificate.steps.length], [false, [
    CREATE,
    RACE,
  ], 3]);
});

Deno.test("a probe writes below scratch/ and removes everything", async () => {
  const store = createMemoryBackend();
  const backend = createScriptedBackend(store);
  await store.put("names/a", new Uint8Array(1));
  await probeBackend(backend);
  assert(backend.calls.every(({ key }) => /^scratch\/probe-[0-9a-f-]{36}\//.test(key)));
  assertEquals(await keysOf(store), ["names/a"]);

  const deleted: number[] = [];
  const bulk: Backend = unruly.bucket((inner) => ({
    async deleteMany(keys) {
      deleted.push(keys.length);
      for (const key of keys) await inner.delete(key);
      return [];
    },
  }), store);
  await probeBackend(bulk);
  assertEquals(deleted.length, 1);
  assertEquals(await keysOf(store), ["names/a"]);
});

Deno.test("failed and aborted probes are cleaned up", async () => {
  for (const vice of [unruly.ignoresConditions, unruly.listsLate, unruly.losesRanges]) {
    const store = createMemoryBackend();
    assert(!(await probeBackend(unruly.bucket(vice, store))).ok);
    assertEquals(await keysOf(store), []);
  }
  for (const [count, pattern] of [[3, /\/race\/2$/], [1, /\/cell\//], [1, /\/order\//]] as const) {
    const store = createMemoryBackend();
    const backend = createScriptedBackend(store);
    const controller = new AbortController();
    const reason = new Error("enough");
    const then = doing(() => controller.abort(reason));
    backend.answer(
      { verb: "put", key: pattern },
      ...Array.from({ length: count - 1 }, () => doing(() => {})),
      then,
    );
    const error = await assertRejects(() => probeBackend(backend, { signal: controller.signal }));
    assertStrictEquals(error, reason);
    assertEquals(await keysOf(store), []);
  }
});

/** Opens a registry without a cache. */
function openRegistry(backend: Backend, options: OpenRegistryOptions = {}): Promise<Registry> {
  return open(backend, { ...options, cache: false });
}

Deno.test("no registry is created on a store that ignores conditions", async () => {
  for (const vice of [unruly.ignoresConditions, unruly.looksThenWrites]) {
    const store = createMemoryBackend();
    const error = await rejected("Unsupported", openRegistry(unruly.bucket(vice, store)));
    assertMatch(
      error.message,
      /Cannot create a registry at s3:\/\/unruly: the store fails .*".*create.*"/,
    );
    assertMatch(error.hint!, /would lose data/);
    assertEquals(await keysOf(store), []);
  }
});

Deno.test("an unreachable store is reported as such", async () => {
  const backend = createScriptedBackend(unruly.bucket());
  backend.answerAll({ verb: "put" }, denied);
  await rejected("Denied", openRegistry(backend));
});

Deno.test("opening an existing registry does not probe", async () => {
  const store = createMemoryBackend();
  const { id } = await openRegistry(unruly.bucket(undefined, store));
  const backend = createScriptedBackend(unruly.bucket(unruly.ignoresConditions, store));
  assertEquals((await openRegistry(backend)).id, id);
  assertEquals(backend.calls.map(({ verb }) => verb), ["list", "get"]);
  const empty = createScriptedBackend(unruly.bucket());
  await rejected("NotFound", openRegistry(empty, { create: false }));
  await rejected("NotFound", openRegistry(empty, { readOnly: true }));
  assertEquals(empty.calls.map(({ verb }) => verb), ["list", "list"]);
});

Deno.test("a store is probed although its kind is that of R2's binding", async () => {
  const store = { ...unruly.bucket(unruly.ignoresConditions), kind: "r2" };
  await rejected("Unsupported", openRegistry(store));
});

Deno.test("memory and folders are not probed: three calls create a registry", async () => {
  const backend = createScriptedBackend(createMemoryBackend());
  await openRegistry(backend);
  assertEquals(backend.calls.map(({ verb }) => verb), ["list", "put", "get"]);
});

Deno.test("an abort ends the probe, and no registry is created", async () => {
  const store = createMemoryBackend();
  const backend = createScriptedBackend(unruly.bucket(undefined, store));
  const controller = new AbortController();
  const reason = new Error("enough");
  backend.answer({ verb: "get", key: /range/ }, doing(() => controller.abort(reason)));
  assertStrictEquals(
    await assertRejects(() => openRegistry(backend, { signal: controller.signal })),
    reason,
  );
  assertEquals(await keysOf(store), []);
});

Deno.test("two concurrent creations open one registry", async () => {
  const store = createMemoryBackend();
  const [a, b] = await Promise.all([1, 2].map(() => openRegistry(unruly.bucket(undefined, store))));
  assertEquals([a.id, (await keysOf(store, "settings/")).length], [b.id, 1]);
});

Deno.test("the store's clock may differ by a quarter of the least grace", async () => {
  const off = () => unruly.bucket(unruly.clockOff(1_800_000));
  assertMatch((await rejected("Unsupported", openRegistry(off()))).message, /clock.* ahead/);
  await openRegistry(off(), { leastGraceMs: 3 * 3_600_000 });
});
