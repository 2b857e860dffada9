import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { createBucketFiles } from "../../../files/bucket.ts";
import { contents, text } from "../contents.ts";
import { strictTest } from "../../backends/gcs/with_strict.ts";
import { standInTest } from "../../backends/s3/stand_in.ts";
import { refused } from "../../support/refused.ts";
import { IS_QUICK } from "../../support/seeds.ts";

/** The same store, with a call before the request of this number. */
function before(
  backend: Backend,
  at: number,
  other: () => Promise<unknown>,
): { backend: Backend; requests(): number } {
  let requests = 0;
  const slow: Backend = { ...backend };
  for (const verb of ["head", "get", "put", "delete"] as const) {
    const call = backend[verb].bind(backend) as (...args: unknown[]) => Promise<unknown>;
    Object.assign(slow, {
      [verb]: async (...args: unknown[]) => {
        if (requests++ === at) await other();
        return await call(...args);
      },
    });
  }
  return { backend: slow, requests: () => requests };
}

/** Registers a test on a strict bucket and in memory, in a quick run only in memory. */
function bothTest(
  name: string,
  run: (stores: { open(options: { prefix: string }): Backend }) => Promise<void>,
): void {
  if (!IS_QUICK) strictTest(name, run);
  Deno.test(`${name} (memory)`, () => run({ open: () => createMemoryBackend() }));
}

bothTest("a save during a move in a bucket stays", async ({ open }) => {
  for (let at = 0, isIn = true; isIn; at++) {
    const store = open({ prefix: `save/${at}` });
    const other = createBucketFiles({ backend: store });
    await other.write("a", text("old"));
    const { backend, requests } = before(store, at, () => other.write("a", text("new")));
    const move = createBucketFiles({ backend }).move("a", "b");
    const error = await move.then(() => undefined, (error) => error);
    isIn = requests() > at;
    if (!isIn) break;
    const found = await contents(other);
    if (error === undefined) {
      assert([found.a, found.b].includes("new"), `request ${at}: the save is nowhere`);
      assertEquals(found, found.a === "new" ? { a: "new", b: "old" } : { b: "new" });
    } else {
      assert(isRegistryError(error, "Conflict"), String(error));
      const expected: typeof found = found.b === undefined ? { a: "new" } : { a: "new", b: "old" };
      assertEquals(found, expected, `request ${at}`);
    }
  }
});

bothTest("one of two moves of an object succeeds", async ({ open }) => {
  for (let at = 0, isIn = true; isIn; at++) {
    const store = open({ prefix: `move/${at}` });
    const other = createBucketFiles({ backend: store });
    await other.write("a", text("x"));
    const outcomes: PromiseSettledResult<unknown>[] = [];
    const run = async (move: Promise<unknown>) =>
      void outcomes.push(...await Promise.allSettled([move]));
    const { backend, requests } = before(store, at, () => run(other.move("a", "c")));
    await run(createBucketFiles({ backend }).move("a", "b"));
    isIn = requests() > at;
    if (!isIn) break;
    const won = outcomes.filter(({ status }) => status === "fulfilled").length;
    const found = Object.values(await contents(other));
    const what = `request ${at}: ${won} moves, ${found}`;
    assert(found.length === won && found.every((value) => value === "x"), what);
    if (requests() - 1 > at) assertEquals(won, 1, `request ${at}`);
  }
});

bothTest(
  "a link that is replaced during its move, or a save over it, stays",
  async ({ open }) => {
    for (const action of ["move", "write"] as const) {
      for (let at = 0, isIn = true; isIn; at++) {
        const store = open({ prefix: `${action}/${at}` });
        const other = createBucketFiles({ backend: store });
        await other.createLink("a", "x");
        const { backend, requests } = before(store, at, async () => {
          await other.remove("a");
          await other.createLink("a", "new").catch(() => {});
        });
        const files = createBucketFiles({ backend });
        const change = action === "move" ? files.move("a", "b") : files.write("a", text("file"));
        await change.catch((error) => {
          assert(isRegistryError(error, "Conflict", "NotFound"), String(error));
        });
        isIn = requests() > at;
        if (!isIn || action === "write") continue;
        const left = Object.values(await contents(other));
        assert(left.includes("-> new"), `request ${at}: the link is gone`);
      }
    }
  },
);

for (const provider of ["s3", "minio", "tos"] as const) {
  standInTest(
    `a conditional delete on ${provider} has a condition, if supported`,
    async (start) => {
      const store = await start(() => {}, { provider });
      await store.backend.delete("a", { ifEtag: "tag" });
      await store.backend.delete("a");
      const sent = store.requests.map(({ headers }) => headers["if-match"]);
      assertEquals(sent, [provider === "tos" ? undefined : '"tag"', undefined]);
    },
  );
}

standInTest("a failed condition of a delete is a Conflict", async (start) => {
  const store = await start(() => ({ status: 412 }), { provider: "s3" });
  await refused("Conflict", () => store.backend.delete("a", { ifEtag: "tag" }));
});
