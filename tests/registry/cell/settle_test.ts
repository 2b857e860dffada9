// Found data that is acknowledged survives a power cut, even if its writer did not sync it.
import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../../core/backend.ts";
import { RegistryError } from "../../../core/errors.ts";
import type { OpenOptions, StoredRegistry } from "../../../core/registry.ts";
import { openRegistry } from "../../../mod.ts";
import { fileSet, filler } from "../protocol_world.ts";
import { rejected } from "../rejected.ts";
import { createScriptedBackend, denied, doing, lostReply } from "../scripted_backend.ts";
import { createPoweredStore, type PoweredStore } from "../with_power_cut.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";

const KEY = { idempotencyKey: "run 7" };
const ONE = { version: "1.0.0" };
const LARGE = filler("large");
const ALL = /^/;
/** Its writer dies between the link of its record and the sync. */
const RECORDS = /^names\//;

interface PoweredWorld extends PoweredStore {
  readonly registry: StoredRegistry;
  /** Opens another registry, whose puts of these keys are not synced. */
  dying(unkept?: RegExp): Promise<StoredRegistry>;
  afterCut(): Promise<StoredRegistry>;
}

function testPowered(
  sentence: string,
  play: (world: PoweredWorld) => Promise<void>,
  options: OpenOptions = { mutable: true },
): void {
  Deno.test(sentence, async () => {
    const powered = createPoweredStore();
    const registry = await openRegistry(powered.writer(), options);
    await play({
      ...powered,
      registry,
      dying: (unkept = RECORDS) => openRegistry(powered.writer(unkept)),
      async afterCut() {
        await powered.cut();
        return await openRegistry(powered.writer());
      },
    });
  });
}

for (
  const [how, unkept] of Object.entries({
    "died before its sync": RECORDS,
    "waits for nothing": ALL,
  })
) {
  for (const value of ["small", LARGE]) {
    const what = `${typeof value === "string" ? "small" : "large"}, its writer ${how}`;

    testPowered(
      `repeating a key is durable: ${what}`,
      async ({ registry, dying, afterCut }) => {
        const { commit } = await (await dying(unkept)).save("a", value, KEY);
        assertEquals((await registry.save("a", value, KEY)).commit, commit);
        const after = await afterCut();
        assertEquals(await after.load("a"), value);
        assertEquals((await after.save("a", value, KEY)).commit, commit);
      },
    );

    testPowered(`skipping a save is durable: ${what}`, async ({ registry, dying, afterCut }) => {
      await (await dying(unkept)).save("a", value, ONE);
      assert((await registry.save("a", "other", { ...ONE, onConflict: "skip" })).skipped);
      assertEquals(await (await afterCut()).load("a@1"), value);
    });

    testPowered(`an unchanged save is durable: ${what}`, async ({ registry, dying, afterCut }) => {
      await (await dying(unkept)).save("a", value, ONE);
      assert((await registry.save("a", value, { skipIfUnchanged: true })).skipped);
      assertEquals(await (await afterCut()).load("a@1"), value);
    });

    testPowered(`setting an alias is durable: ${what}`, async ({ registry, dying, afterCut }) => {
      await (await dying(unkept)).save("a", value, ONE);
      await registry.setAlias("a", "live", "1");
      assertEquals(await (await afterCut()).load("a@live"), value);
    });
  }
}

testPowered(
  "a key's record is durable before its target is created",
  async ({ registry, dying, store, afterCut }) => {
    const backend = createScriptedBackend((await dying()).backend);
    backend.answerAll({ verb: "put", key: /versions/ }, denied); // it goes no further
    await rejected("Denied", (await openRegistry(backend)).save("a", "one", KEY));
    const { commit } = await registry.save("a", "one", KEY);
    const after = await afterCut();
    assertEquals((await after.save("a", "one", KEY)).commit, commit);
    assert(await store.head("names/a/versions/final/p7p9p9/9007199254740990.rec") === undefined);
  },
);

testPowered("losing a race for a key is durable", async ({ registry, dying, afterCut }) => {
  const twin = await dying(ALL);
  await registry.save("other", 1);
  const backend = createScriptedBackend(registry.backend);
  let commit: string | undefined;
  backend.answer({ verb: "put", key: /versions/ }, async (act) => {
    commit = (await twin.save("a", LARGE, { ...ONE, ...KEY })).commit;
    return await act();
  });
  const loser = await openRegistry(withSync(backend, registry.backend));
  assertEquals((await loser.save("a", LARGE, { ...ONE, ...KEY })).commit, commit);
  assertEquals(await (await afterCut()).load("a@1"), LARGE);
});

testPowered(
  "an own record found by reading back is durable",
  async ({ registry, dying, afterCut }) => {
    const backend = createScriptedBackend((await dying()).backend);
    const writer = await openRegistry(withSync(backend, registry.backend));
    backend.answer({ verb: "put", key: /versions/ }, lostReply);
    await writer.save("a", "one");
    assertEquals(await (await afterCut()).load("a"), "one");
  },
);

testPowered(
  "files shared with a version that was not synced are durable",
  async (world) => {
    const { registry, dying, afterCut } = world;
    await (await dying(ALL)).save("a", { large: LARGE }, { as: fileSet });
    await registry.save("a", { large: LARGE, more: filler("more", 10) }, {
      as: fileSet,
      version: "2",
    });
    const artifact = await (await afterCut()).open("a@2");
    assertEquals(await artifact.file("large").bytes(), LARGE);
  },
  {},
);

testPowered("a long list of files is durable", async ({ registry, dying, afterCut }) => {
  const files = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, n) => [`${n}`.padStart(120, "-"), filler(`${n}`, 90)]),
  );
  await (await dying(ALL)).save("a", files, { as: fileSet, ...ONE });
  assert((await registry.save("a", "other", { ...ONE, onConflict: "skip" })).skipped);
  const artifact = await (await afterCut()).open("a@1");
  for (const file of artifact.files().slice(0, 3)) await file.bytes();
});

for (const ref of ["a@1", "a"]) {
  testPowered(
    `an existing deletion is durable: of ${ref}`,
    async ({ registry, dying, afterCut }) => {
      await registry.save("a", 1);
      await (await dying()).delete("a@1");
      assertEquals(await registry.delete(ref, { allVersions: ref === "a" }), false);
      assertEquals(await (await afterCut()).has("a"), false);
    },
  );
}

testPowered("a concurrent deletion is durable", async ({ registry, dying, afterCut }) => {
  await registry.save("a", 1);
  const rival = await dying();
  const backend = createScriptedBackend(registry.backend);
  const slow = await openRegistry(withSync(backend, registry.backend));
  backend.answer({ verb: "list", key: /aliases/ }, doing(() => rival.delete("a@1")));
  assertEquals(await slow.delete("a@1"), false);
  assertEquals(await (await afterCut()).has("a"), false);
});

testPowered("an existing removal of an alias is durable", async ({ registry, dying, afterCut }) => {
  await registry.save("a", 1);
  await registry.setAlias("a", "live", "1");
  await (await dying()).deleteAlias("a", "live");
  assertEquals(await registry.deleteAlias("a", "live"), false);
  assertEquals(await aliasesOf(await afterCut(), "a"), {});
});

Deno.test("settings made by another program are durable", async () => {
  const powered = createPoweredStore();
  const { id } = await openRegistry(powered.writer(ALL), { mutable: true });
  await openRegistry(powered.writer(), { readOnly: true });
  assertEquals(powered.unsafe().length, 1, "a reader makes nothing durable");
  const registry = await openRegistry(powered.writer());
  await registry.save("a", 1);
  await powered.cut();
  assertEquals((await openRegistry(powered.writer(), { create: false })).id, id);
});

for (const value of ["small", LARGE]) {
  const what = typeof value === "string" ? "small" : "large";
  testPowered(
    `a disk that fails to sync a found version is an error: ${what}`,
    async ({ registry, dying }) => {
      await (await dying()).save("a", value, { ...ONE, ...KEY });
      const failing = await openRegistry(withSync(registry.backend, { sync: fails }), {
        readOnly: false,
      }).catch(() => {});
      assertEquals(failing, undefined, "nor is it opened for writing");
      let broken = false;
      const sync: Backend["sync"] = (keys) => broken ? fails() : registry.backend.sync!(keys);
      const later = await openRegistry(withSync(registry.backend, { sync }));
      broken = true;
      for (
        const more of [KEY, { ...ONE, onConflict: "skip" as const }, { skipIfUnchanged: true }]
      ) {
        const error = await rejected("Unavailable", later.save("a", value, more));
        assert(!error.maybeWritten);
      }
      await rejected("Unavailable", later.setAlias("a", "live", "1"));
    },
  );
}

testPowered(
  "a commit found by reading back that cannot be synced is Unknown",
  async ({ registry }) => {
    let broken = false;
    const lost = createScriptedBackend(registry.backend);
    const writer = await openRegistry(
      withSync(lost, { sync: () => broken ? fails() : Promise.resolve() }),
    );
    broken = true;
    lost.answer({ verb: "put", key: /versions/ }, lostReply);
    assertEquals((await rejected("Unknown", writer.save("a", "one"))).maybeWritten, true);
  },
);

function fails(): Promise<never> {
  return Promise.reject(
    new RegistryError({
      code: "Unavailable",
      message: "Cannot sync: EIO",
      hint: "The disk fails.",
    }),
  );
}

/** A store with another `sync`, or none. */
function withSync(backend: Backend, { sync }: Pick<Backend, "sync">): Backend {
  return { ...backend, sync };
}
