import fs from "node:fs";
import { relative } from "node:path";
import { assert, assertEquals, assertRejects } from "@std/assert";
import * as fc from "fast-check";
import { createLocalBackend } from "../../backends/local.ts";
import { createMemoryBackend } from "../../backends/memory.ts";
import type { Backend } from "../../core/backend.ts";
import { isRegistryError } from "../../core/errors.ts";
import { realSystem } from "../../core/system.ts";
import { listed, putAll, text } from "../conformance/backend/samples.ts";
import { tempRoot, testInRoot } from "../support/temp_root.ts";
import type { TempRoot } from "../support/temp_root.ts";
import { withPatchedFs } from "./patched_fs.ts";

function test(name: string, run: (backend: Backend, root: TempRoot) => Promise<void>): void {
  testInRoot(name, (root) => run(createLocalBackend({ path: root.path, durability: "os" }), root));
}

/** Which folders were read and which files looked at. */
async function looks(
  root: TempRoot,
  run: () => Promise<unknown>,
): Promise<{ folders: string[]; files: string[] }> {
  const folders: string[] = [];
  const files: string[] = [];
  await withPatchedFs((real) => ({
    readdirSync: (path: string, options: { withFileTypes: true }) => {
      folders.push(relative(root.path, path));
      return real.readdirSync(path, options);
    },
    lstatSync: (path: string, options: { throwIfNoEntry: false }) => {
      files.push(relative(root.path, path));
      return real.lstatSync(path, options);
    },
  }), run);
  return { folders, files };
}

test(
  "list() with a limit reads the folders on its way, and looks at what it gives only",
  async (backend, root) => {
    await putAll(backend, ["a/1/x", "a/2/x", "a/2/y", "a/3/x", "b/1", "c"]);
    assertEquals(await looks(root, () => listed(backend, "a/", { limit: 1 })), {
      folders: ["a", "a/1"],
      files: ["a/1/x"],
    });
    assertEquals(await looks(root, () => listed(backend, "", { limit: 2 })), {
      folders: ["", "a", "a/1", "a/2"],
      files: ["a/1/x", "a/2/x"],
    });
  },
);

test("list() after a key passes whole folders by", async (backend, root) => {
  await putAll(backend, ["a/1/x", "a/2/x", "a/2/y", "a/3/x", "b/1", "c"]);
  assertEquals(await looks(root, () => listed(backend, "", { after: "a/2/x", limit: 2 })), {
    folders: ["", "a", "a/2", "a/3"],
    files: ["a/2/y", "a/3/x"],
  });
  assertEquals(await looks(root, () => listed(backend, "", { after: "a0" })), {
    folders: ["", "b"],
    files: ["b/1", "c"],
  });
});

test("list() with a prefix inside a name opens no other folder", async (backend, root) => {
  await putAll(backend, ["a/10/x", "a/11/x", "a/2/x", "b"]);
  assertEquals(await looks(root, () => listed(backend, "a/11")), {
    folders: ["a", "a/11"],
    files: ["a/11/x"],
  });
});

test(
  "list() with limit 1 reads the names of 2,000 folders once, and sorts them not",
  async (backend, root) => {
    for (let i = 0; i < 2_000; i++) {
      fs.mkdirSync(root.join("many", String((i * 7919) % 2_000).padStart(6, "0")), {
        recursive: true,
      });
    }
    fs.writeFileSync(root.join("many", "000000", "x"), "");
    let sorted = 0;
    const { sort } = Array.prototype;
    Array.prototype.sort = function (compare) {
      sorted++;
      return sort.call(this, compare);
    };
    try {
      const { folders, files } = await looks(root, () => listed(backend, "many/", { limit: 1 }));
      assertEquals([folders, files], [["many", "many/000000"], ["many/000000/x"]]);
      assertEquals(sorted, 0);
    } finally {
      Array.prototype.sort = sort;
    }
  },
);

test("list() passes by what vanished since its folder was read", async (backend, root) => {
  await putAll(backend, ["a/1", "a/2", "a/3/x", "a/4"]);
  const found: string[] = [];
  for await (const entry of backend.list("a/")) {
    found.push("key" in entry ? entry.key : entry.prefix);
    fs.rmSync(root.join("a", "2"), { force: true });
    fs.rmSync(root.join("a", "3"), { recursive: true, force: true });
  }
  assertEquals(found, ["a/1", "a/4"]);
});

test("a folder without objects is no prefix", async (backend, root) => {
  await putAll(backend, ["a/1/x"]);
  fs.mkdirSync(root.join("a", "0", "left", "behind"), { recursive: true });
  assertEquals(await listed(backend, "a/", { delimiter: "/" }), ["a/1/"]);
  assertEquals(await listed(backend, ""), ["a/1/x"]);
});

test(
  "a call that comes long after the last pause lets timers run, so that an abort is heard",
  async (_, root) => {
    let now = 0;
    const system = { ...realSystem, monotonic: () => now += 20 };
    const backend = createLocalBackend({ path: root.path, durability: "os", system });
    await putAll(backend, Array.from({ length: 500 }, (_, i) => `a/${i}`));
    const rows = [
      () => backend.put("a/1", text("x"), { mode: "create" }),
      () => backend.get("a/1"),
      () => backend.head("a/1"),
      () => backend.delete("a/missing"),
      () => listed(backend, "a/"),
    ];
    for (const call of rows) {
      const signal = AbortSignal.timeout(1);
      for (let i = 0; i < 20_000 && !signal.aborted; i++) await call();
      assert(signal.aborted);
    }
  },
);

test("an abort by a timer ends a long listing", async (_, root) => {
  let now = 0;
  const system = { ...realSystem, monotonic: () => now += 20 };
  const backend = createLocalBackend({ path: root.path, durability: "os", system });
  await putAll(backend, Array.from({ length: 500 }, (_, i) => `a/${i}`));
  let seen = 0;
  const error = await assertRejects(async () => {
    const signal = AbortSignal.timeout(1);
    for (let i = 0; i < 100; i++) for await (const _ of backend.list("a/", { signal })) seen++;
  });
  assertEquals((error as Error).name, "TimeoutError");
  assert(seen < 100 * 500, "the timer was heard only at the end");
});

const segment = fc.constantFrom("a", "a-b", "a.b", "a0", "b", "é", "～", "😀", ".x", "zz");
const key = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join("/"));
const plainKey = key.filter((text) => !text.startsWith("."));
const step = fc.record({ verb: fc.constantFrom("put", "put", "create", "delete"), key: plainKey });
const question = fc.record({
  prefix: fc.oneof(
    plainKey,
    plainKey.map((text) => `${text}/`),
    plainKey.map((text) => text.slice(0, -1)),
    fc.constant(""),
  ),
  after: fc.option(fc.oneof(key, key.map((text) => `${text}/`)), { nil: undefined }),
  limit: fc.option(fc.nat(4), { nil: undefined }),
  delimiter: fc.constantFrom(undefined, "/" as const),
});

Deno.test("a folder lists what memory lists, whatever was put, created and deleted", async () => {
  const root = await tempRoot();
  let runs = 0;
  const property = fc.asyncProperty(
    fc.array(step, { maxLength: 25 }),
    fc.array(question, { minLength: 1, maxLength: 12 }),
    async (steps, questions) => {
      const memory = createMemoryBackend();
      const local = createLocalBackend({ path: root.join(String(runs++)), durability: "os" });
      for (const { verb, key } of steps) {
        if (verb === "delete") {
          await Promise.all([memory.delete(key), local.delete(key)]);
          continue;
        }
        const mode = verb === "create" ? "create" : "overwrite";
        const [expected, found] = await Promise.all([
          inTheWay(memory, key).then((taken) =>
            taken ? undefined : memory.put(key, text(key), { mode })
          ),
          local.put(key, text(key), { mode }).catch((error) => {
            if (!isRegistryError(error, "Invalid")) throw error;
          }),
        ]);
        assertEquals(found?.written, expected?.written, `${verb} ${key}`);
      }
      for (const { prefix, ...options } of questions) {
        const question = JSON.stringify({ prefix, ...options });
        if (prefix.startsWith("/") || prefix.includes("//")) continue;
        assertEquals(
          await listed(local, prefix, options),
          await listed(memory, prefix, options),
          question,
        );
      }
    },
  );
  try {
    await fc.assert(property, { numRuns: 150 });
  } finally {
    await root.remove();
  }
});

/** Whether a key is the beginning of another one, or the other way round. */
async function inTheWay(backend: Backend, key: string): Promise<boolean> {
  if ((await listed(backend, `${key}/`)).length > 0) return true;
  for (let at = key.indexOf("/"); at !== -1; at = key.indexOf("/", at + 1)) {
    if (await backend.head(key.slice(0, at)) !== undefined) return true;
  }
  return false;
}
