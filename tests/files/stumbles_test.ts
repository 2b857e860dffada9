/**
 * What people stumbled on in a file manager for images and arrays that they used before, each on every store. What is
 * not here is in `verbs_test.ts`, by the name of its verb.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { isRegistryError } from "../../core/errors.ts";
import type { ErrorCode } from "../../core/errors.ts";
import { createTable, csv } from "../../formats/csv.ts";
import type { Table } from "../../formats/csv.ts";
import { ndarrayOf } from "./samples.ts";
import { testOnEach } from "./stores.ts";

async function refused(code: ErrorCode, result: Promise<unknown>): Promise<void> {
  const error = await assertRejects(() => result);
  assert(isRegistryError(error, code), String(error));
}

testOnEach(
  "one call has one meaning: folders are made, a missing one is not listed, an error keeps its kind",
  async (files) => {
    await files.ensureDirectory("a/b");
    await files.ensureDirectory("a/b");
    assertEquals(await files.isDir("a/b"), true);
    await files.save("new/folder/x.json", 1);
    assertEquals(await files.isDir("new/folder"), true);
    for (
      const list of [
        files.listFiles,
        files.listDir,
        files.listImageFiles,
        files.collectDirsAndFiles,
      ]
    ) {
      await refused("NotFound", list("missing") as Promise<unknown>);
    }
    await refused("NotFound", files.load("missing.npy"));
    await refused("Invalid", files.isFile("../outside"));
    await refused("Invalid", files.isSymlink("../outside"));
  },
);

testOnEach("who loads beside many saves gets one of the values, whole", async (files) => {
  const saved = [1, 2].map((value) => ({
    ...ndarrayOf(64, 64),
    data: new Uint16Array(64 * 64).fill(value),
  }));
  await files.save("a.npy", saved[0]);
  let done = false;
  const writer = (async () => {
    for (let i = 0; i < 30; i++) await files.save("a.npy", saved[i % 2]);
    done = true;
  })();
  let loads = 0;
  for (; !done || loads === 0; loads++) {
    const { data } = await files.load<{ data: Uint16Array }>("a.npy");
    assert(data.every((element) => element === data[0]), "a mixture of two values");
  }
  await writer;
});

testOnEach(
  "a batch with a value that cannot be saved writes the others, and says which it was",
  async (files) => {
    const [good, other] = [ndarrayOf(2, 2), { ...ndarrayOf(2, 2), dtype: "float64" }]; // its data is not
    const { failed, errors, succeeded } = await files.saveBatch([
      { path: "p/1.npy", value: good },
      { path: "p/2.npy", value: other },
      { path: "p/3.npy", value: good },
    ]);
    assertEquals([succeeded, failed], [[0, 2], [1]]);
    assert(isRegistryError(errors.get(1), "Unsupported"));
    assertEquals(await files.listFiles("p"), ["p/1.npy", "p/3.npy"]);
  },
);

testOnEach(
  "a second batch takes nothing of the first away, and no plane is cast to the type of another",
  async (files) => {
    const first = [{
      path: "A01/1.npy",
      value: { data: Uint8Array.of(7), shape: [1], dtype: "uint8" },
    }];
    const second = [{
      path: "A01/2.npy",
      value: { data: Float64Array.of(300.7), shape: [1], dtype: "float64" },
    }];
    await files.saveBatch(first);
    await files.saveBatch(second);
    const { results } = await files.loadBatch(["A01/1.npy", "A01/2.npy"]);
    assertEquals(results.map((result) => result.ok && result.value), [
      first[0].value,
      second[0].value,
    ]);
  },
);

testOnEach("one name in two folders is two files, each listed once", async (files) => {
  await files.save("A01/plane.npy", ndarrayOf(1, 2));
  await files.save("A02/plane.npy", ndarrayOf(2, 1));
  assertEquals(await files.listFiles("", { recursive: true }), ["A01/plane.npy", "A02/plane.npy"]);
  assertEquals(await files.load("A01/plane.npy"), ndarrayOf(1, 2));
  assertEquals(await files.load("A02/plane.npy"), ndarrayOf(2, 1));
});

testOnEach("what is saved is listed and loaded again, without an extension too", async (files) => {
  await files.save("plain", Uint8Array.of(1, 2, 3));
  await files.save("named", ndarrayOf(2, 2), { as: "npy" });
  assertEquals(await files.listFiles(""), ["named", "plain"]);
  assertEquals(await files.load("plain"), Uint8Array.of(1, 2, 3));
  assertEquals(await files.load("named", { as: "npy" }), ndarrayOf(2, 2));
});

testOnEach(
  "rows of a table come back with the types that were told, the first of them too",
  async (files) => {
    const columns = { "0": "int64", "1": "int64" } as const;
    const rows = [{ "0": 1n, "1": 2n }, { "0": 3n, "1": 4n }];
    const format = csv({ columns, header: false });
    await files.save("rows.csv", createTable(columns, rows), { as: format });
    assertEquals(await files.loadText("rows.csv"), "1,2\n3,4\n");
    const table: Table<(typeof rows)[0]> = await files.load("rows.csv", { as: format });
    assertEquals(await Array.fromAsync(table.rows()), rows);
  },
);

testOnEach("a damaged JSON file is Corrupt, and stays as it is", async (files) => {
  await files.save("a.json", '{"depth":', { as: "text" });
  await refused("Corrupt", files.load("a.json"));
  assertEquals(await files.loadText("a.json"), '{"depth":');
});
