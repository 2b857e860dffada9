// A key keeps its first target: a repeat that asks for another is refused, and learns nothing of it.
import { assertEquals, assertMatch } from "@std/assert";
import { filler, testProtocol } from "../protocol_world.ts";
import { rejected } from "../rejected.ts";
import { lostRequest } from "../scripted_backend.ts";

const KEY = { idempotencyKey: "run 7" };
const ONE = { version: "1.0.0" };
const MUTABLE = { mutable: true };
const VERSION = { verb: "put", mode: "create", key: /versions/ } as const;

for (const state of ["failed", "succeeded"] as const) {
  testProtocol(
    `a repeat with another version is refused: the first save ${state}`,
    async (world) => {
      const { registry, keys } = world;
      const cases = [
        { first: undefined, others: ["5"], same: "1", failed: "1.0.0", succeeded: "1.0.0" },
        { first: "5", others: ["5.0.0-rc.1", "6"], failed: "5.0.0", succeeded: "5.0.0" },
        {
          first: "5.0.0+x",
          others: ["6+x"],
          same: "5.0.0+y",
          failed: "5.0.0+y",
          succeeded: "5.0.0+x",
        },
      ];
      for (const [turn, { first, others, same, ...expected }] of cases.entries()) {
        for (const [at, value] of ["small", filler("large")].entries()) {
          const name = `${"abc"[turn]}${at}`;
          const machine = await world.open();
          if (state === "failed") machine.backend.answerAll(VERSION, lostRequest);
          await machine.registry.save(name, value, { ...KEY, version: first }).catch(() => {});
          for (const version of others) {
            const before = await keys(`names/${name}/`);
            const repeat = registry.save(name, value, { ...KEY, version });
            const { message, hint, commit } = await rejected("Conflict", repeat);
            assertMatch(message, /another version$/);
            assertMatch(hint!, /new key/);
            assertEquals(commit, undefined);
            assertEquals(await keys(`names/${name}/`), before);
          }
          const saved = await registry.save(name, value, { ...KEY, version: same });
          assertEquals([saved.version, saved.skipped], [expected[state], state === "succeeded"]);
        }
      }
    },
  );

  testProtocol(
    `a repeat with another ifCommit is refused: the first save ${state}`,
    MUTABLE,
    async (world) => {
      const { registry } = world;
      const one = await registry.save("a", 1, ONE);
      const machine = await world.open();
      if (state === "failed") machine.backend.answerAll(VERSION, lostRequest);
      const change = { ...ONE, ...KEY, ifCommit: one.commit };
      await machine.registry.save("a", 2, change).catch(() => {});
      const other = { ...change, ifCommit: world.system.id() };
      assertMatch((await rejected("Conflict", registry.save("a", 2, other))).message, /ifCommit/);
      assertEquals(await registry.load("a"), state === "failed" ? 1 : 2);
      assertEquals((await registry.save("a", 2, change)).skipped, state === "succeeded");
    },
  );
}

testProtocol("a commit of a draft with another version is refused", async ({ registry }) => {
  const draft = await registry.openDraft("a", { id: "d" });
  await draft.addFile("data", new Uint8Array(3));
  const { version } = await draft.commit({ version: "2" });
  assertEquals((await draft.commit({ version: "2" })).version, version);
  const { message } = await rejected("Conflict", draft.commit({ version: "3" }));
  assertMatch(message, /another version$/);
});
