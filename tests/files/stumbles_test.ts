/**
 * What people stumbled on in a file manager for images and arrays that they used before, each on every store. What is
 * not here is in `verbs_test.ts`, by the name of its verb.
 */
import { assert, assertEquals } from "@std/assert";
import { isRegistryError } from "../../core/errors.ts";
import { ndarrayOf } from "./samples.ts";
import { testOnEach } from "./stores.ts";
import { refused } from "../support/refused.ts";

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
