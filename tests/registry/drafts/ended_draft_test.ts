import { assert, assertEquals, assertMatch } from "@std/assert";
import { isRegistryError } from "../../../core/errors.ts";
import type { AddedPart, Draft } from "../../../extensions/transfers/mod.ts";
import type { FileToSave } from "../../../materializers/mod.ts";
import type { Registry } from "../../../mod.ts";
import { createProtocolWorld, HOUR, testProtocol } from "../protocol_world.ts";
import { noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { busy, hiddenRetry, lostReply, pass } from "../scripted_backend.ts";
import type { Answer, CallPattern, ScriptedBackend } from "../scripted_backend.ts";

const EVERY: CallPattern = {};
const DIED = new Error("killed");

function file(path: string): FileToSave[] {
  return [{ path, content: noise(200_000, path.length) }];
}

/** Runs `action` before call `at`; or kills the process there. True if there was such a call. */
function atCall(
  backend: ScriptedBackend,
  at: number,
  action?: () => Promise<unknown>,
): () => boolean {
  let calls = 0;
  backend.answerAll(EVERY, async (act) => {
    calls++;
    if (action === undefined && calls > at) throw DIED;
    if (calls === at + 1) await action!();
    return await act();
  });
  return () => calls > at;
}

async function pathsOf(registry: Registry): Promise<string[]> {
  return (await registry.open("a")).files().map(({ info }) => info.path);
}

/** Returns the error of an ended draft. */
async function orEnded<T>(promise: Promise<T>): Promise<T | undefined> {
  return await promise.catch((error) => {
    if (!isRegistryError(error, "Conflict")) throw error;
    assertMatch(error.message, /was committed|is being committed|was discarded/);
    return undefined;
  });
}

/** A draft with one part, in two processes. */
interface Race {
  /** In the process whose calls are interrupted. */
  mine: Draft;
  other: Draft;
  /** The registry of the other process. */
  registry: Registry;
  /** Runs an action before a call of the first process, or kills it. True if there was one. */
  at(action?: () => Promise<unknown>): () => boolean;
}

/** Runs a race once for each call of the first process. */
async function atEveryCall(play: (world: Race) => Promise<boolean>): Promise<void> {
  let calls = 0;
  for (let isMore = true; isMore; calls++) {
    const world = await createProtocolWorld();
    const { registry } = await world.open();
    const mine = await world.registry.openDraft("a", { id: "1" });
    const other = await registry.openDraft("a", { id: "1" });
    await mine.addPart("a", file("a"));
    isMore = await play({
      mine,
      other,
      registry,
      at: (action) => atCall(world.backend, calls, action),
    });
  }
  assert(calls > 3, "there were calls to interrupt");
}

for (const parts of [undefined, ["a"]]) {
  const how = parts === undefined ? "of all parts" : "of named parts";

  Deno.test(`a killed commit ${how} loses no later part`, async () => {
    await atEveryCall(async ({ mine, other, registry, at }) => {
      const isMore = at();
      await mine.commit({ parts }).catch(() => {});
      const added = await orEnded(other.addPart("b", file("b")));
      if (added !== undefined) {
        await other.commit({ parts: ["a", "b"] });
        assertEquals(await pathsOf(registry), ["a", "b"]);
      } else {
        await other.commit();
        await rejected("Conflict", other.commit({ parts: ["a", "b"] }));
      }
      return isMore();
    });
  });
}

Deno.test("a part acknowledged during a commit is in its version", async () => {
  await atEveryCall(async ({ mine, other, registry, at }) => {
    let added: AddedPart | undefined;
    const isMore = at(async () => added = await orEnded(other.addPart("b", file("b"))));
    await mine.commit();
    if (added !== undefined) assertEquals(await pathsOf(registry), ["a", "b"]);
    return isMore();
  });
});

Deno.test("a part is acknowledged during a commit only if it is included", async () => {
  await atEveryCall(async ({ mine, other, registry, at }) => {
    const isMore = at(async () => await other.commit());
    const added = await orEnded(mine.addPart("b", file("b")));
    if (isMore()) assertEquals(await pathsOf(registry), added === undefined ? ["a"] : ["a", "b"]);
    return isMore();
  });
});

Deno.test("no part is acknowledged after the draft was discarded", async () => {
  await atEveryCall(async ({ mine, other, at }) => {
    const isMore = at(async () => assertEquals(await other.discard(), true));
    const added = await orEnded(mine.addPart("b", file("b")));
    assertEquals(added === undefined, isMore());
    return isMore();
  });
});

Deno.test("either a commit or a concurrent discard counts", async () => {
  await atEveryCall(async ({ mine, other, registry, at }) => {
    let discarded = false;
    const isMore = at(async () => discarded = await other.discard());
    const saved = await orEnded(mine.commit());
    if (isMore()) assertEquals(saved === undefined, discarded);
    assertEquals(await registry.has("a"), saved !== undefined);
    return isMore();
  });
});

testProtocol(
  "a late repeat of a put changes no part",
  { leastGraceMs: HOUR },
  async (world) => {
    const { registry, backend, advance } = world;
    const draft = await registry.openDraft("a", { id: "1" });
    let again: (() => Promise<unknown>) | undefined;
    backend.answer({ verb: "put", key: /^drafts\// }, (act) => {
      again = act;
      return act();
    });
    await draft.addPart("0", file("0"));
    advance(HOUR);
    await again!();
    await draft.commit({ parts: ["0"] });
  },
);

testProtocol(
  "the end is decided once, with lost replies too",
  {},
  async ({ registry, backend }) => {
    const draft = await registry.openDraft("a", { id: "1" });
    await draft.addPart("a", file("a"));
    backend.answer({ verb: "put", key: /^drafts\/a\/1\/\./ }, lostReply, hiddenRetry, busy);
    assertEquals((await draft.commit()).version, "1.0.0");
    const other = await registry.openDraft("a", { id: "2" });
    await other.addPart("a", file("a"));
    backend.answer({ verb: "put", key: /^drafts\/a\/2\/\./ }, lostReply, busy);
    assertEquals(await other.discard(), true);
  },
);

testProtocol("a failed commit can be repeated with other options", {}, async ({ registry }) => {
  await registry.save("a", "taken", { version: "1" });
  const draft = await registry.openDraft("a", { id: "1" });
  await draft.addPart("a", file("a"));
  await rejected("AlreadyExists", draft.commit({ version: "1" }));
  assertEquals([(await draft.info()).state, await draft.discard()], ["committing", false]);
  await rejected("Conflict", draft.addPart("b", file("b")));
  assertEquals((await draft.commit({ version: "2" })).version, "2.0.0");
});

const OPERATIONS: Record<string, (draft: Draft) => Promise<unknown>> = {
  "adding a part": (draft) => draft.addPart("b", [{ path: "b", content: noise(200_000, 1) }]),
  "adding a small part": (draft) => draft.addPart("b", [{ path: "b", content: noise(20, 1) }]),
  "discarding a draft": (draft) => draft.discard(),
};

/** Replies of the last put that the store accepts. */
const LAST: Record<string, Answer> = {
  "as usual": pass,
  "with a lost reply": lostReply,
  "when it came twice": hiddenRetry,
};

for (const [operation, run] of Object.entries(OPERATIONS)) {
  for (const [how, last] of Object.entries(LAST)) {
    Deno.test(`${operation}, answered ${how}, reports maybeWritten`, async () => {
      let failures = 0;
      for (let answered = 0;; answered++) {
        const { registry, backend, open } = await createProtocolWorld();
        const draft = await registry.openDraft("a", { id: "1" });
        await draft.addPart("a", [{ path: "a", content: noise(20, 2) }]);
        let calls = 0;
        backend.answerAll({}, (act, call) => {
          const answer = calls++ < answered
            ? call.verb === "put" && calls === answered ? last : pass
            : busy;
          return answer(act, call);
        });
        const error = await run(draft).then(() => undefined, (error) => error);
        if (error === undefined) break;
        failures++;
        if (!isRegistryError(error, "Unavailable", "Unknown")) throw error;
        const other = await (await open()).registry.openDraft("a", { id: "1" });
        const { state, parts } = await other.info();
        const happened = state === "discarded" || parts.length === 2;
        assertEquals(
          error.maybeWritten ?? false,
          happened,
          `after ${answered} answers: ${error.message}`,
        );
      }
      assertEquals(failures > 1, true);
    });
  }
}
