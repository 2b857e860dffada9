import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../../core/backend.ts";
import { isRegistryError } from "../../../core/errors.ts";
import type { FileStore } from "../../../core/file_store.ts";
import { createBucketFiles } from "../../../files/bucket.ts";
import { strictTest } from "../../backends/gcs/with_strict.ts";
import { standInTest } from "../../backends/s3/stand_in.ts";

const text = (value: string) => new TextEncoder().encode(value);

async function contents(files: FileStore): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { path, kind, target } of files.list("")) {
    if (kind === "folder") continue;
    found[path] = kind === "link"
      ? `-> ${target}`
      : new TextDecoder().decode(await (await files.open(path)).bytes());
  }
  return found;
}

/** The same store; what another program does comes before the request of this number. */
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

strictTest(
  "a save by another program in the middle of a move in a bucket stays, whenever it comes",
  async ({ open }) => {
    for (let at = 0, isIn = true; isIn; at++) {
      const store = open({ prefix: `save/${at}` });
      const other = createBucketFiles({ backend: store });
      await other.write("a", text("old"));
      const { backend, requests } = before(store, at, () => other.write("a", text("new")));
      const error = await createBucketFiles({ backend }).move("a", "b").then(
        () => undefined,
        (error) => error,
      );
      isIn = requests() > at;
      if (!isIn) break;
      const found = await contents(other);
      if (error === undefined) {
        assert([found.a, found.b].includes("new"), `request ${at}: the save is nowhere`);
        assertEquals(found, found.a === "new" ? { a: "new", b: "old" } : { b: "new" });
      } else {
        assert(isRegistryError(error, "Conflict"), String(error));
        assertEquals(
          found,
          found.b === undefined ? { a: "new" } : { a: "new", b: "old" },
          `request ${at}`,
        );
      }
    }
  },
);

strictTest(
  "of two moves of one object one succeeds, up to the last request of the first",
  async ({ open }) => {
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
      assert(
        found.length === won && found.every((value) => value === "x"),
        `request ${at}: ${won} moves, ${found}`,
      );
      if (requests() - 1 > at) assertEquals(won, 1, `request ${at}`);
    }
  },
);

strictTest(
  "a link that was made anew in the middle of its move, or of a save in its place, stays",
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
        await (action === "move" ? files.move("a", "b") : files.write("a", text("file"))).catch(
          (error) => {
            assert(isRegistryError(error, "Conflict", "NotFound"), String(error));
          },
        );
        isIn = requests() > at;
        if (isIn && action === "move") {
          assert(
            Object.values(await contents(other)).includes("-> new"),
            `request ${at}: the link is nowhere`,
          );
        }
      }
    }
  },
);

for (const provider of ["s3", "minio", "tos"] as const) {
  standInTest(
    `a delete of one state of an object on ${provider} is sent as a condition where it has one`,
    async (start) => {
      const store = await start(() => {}, { provider });
      await store.backend.delete("a", { ifEtag: "tag" });
      await store.backend.delete("a");
      const sent = store.requests.map(({ headers }) => headers["if-match"]);
      assertEquals(sent, [provider === "tos" ? undefined : '"tag"', undefined]);
    },
  );
}

standInTest(
  "an object that is no longer in that state is a Conflict, and is not deleted",
  async (start) => {
    const store = await start(() => ({ status: 412 }), { provider: "s3" });
    const error = await store.backend.delete("a", { ifEtag: "tag" }).then(
      () => undefined,
      (error) => error,
    );
    assert(isRegistryError(error, "Conflict"), String(error));
  },
);
