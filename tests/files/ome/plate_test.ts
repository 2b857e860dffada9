import { assert, assertEquals } from "@std/assert";
import { isRegistryError } from "../../../core/errors.ts";
import type { NDArray } from "../../../formats/arrays/ndarray.ts";
import { createMemoryFiles } from "../../../files/memory.ts";
import { createPlate, type OmeVersion, openPlate, type Plate } from "../../../files/ome.ts";
import { createZarrArray, openZarrGroup, zarrStore } from "../../../formats/zarr.ts";
import type { ZarrStore } from "../../../formats/zarr.ts";
import { imageOf, refused, watchedStore } from "./stores.ts";

const VERSIONS: OmeVersion[] = ["0.4", "0.5"];
const SMALL = { rows: 2, columns: 3, axes: "tcyx" } as const;

/** So many planes of 4 x 5. */
function planesOf(count: number, seed = 0): NDArray<"uint16">[] {
  return Array.from({ length: count }, (_, i) => imageOf([4, 5], 20 * (i + seed)));
}

/** All wells that are listed, with the shapes of their fields, each of which is read. */
async function contentOf(plate: Plate): Promise<Record<string, number[][]>> {
  const content: Record<string, number[][]> = {};
  for (const { path } of await plate.wells()) {
    content[path] = [];
    for (const field of await plate.fields(path)) {
      const { levels } = await plate.image(path, field.path);
      for (const { array } of levels) await array.read();
      content[path].push([...levels[0].array.shape]);
    }
  }
  return content;
}

Deno.test("what is saved to a plate is read back by well, field and plane, in both versions", async () => {
  for (const version of VERSIONS) {
    const store = zarrStore(createMemoryFiles());
    const acquisitions = [{ id: 3, name: "monday", fieldCount: 2 }];
    const plate = await createPlate(store, "a/p.zarr", {
      ...SMALL,
      version,
      levels: 2,
      acquisitions,
    });
    assertEquals([plate.rows, plate.columns, plate.name], [["A", "B"], ["1", "2", "3"], "p.zarr"]);
    assertEquals(await plate.wells(), []);
    const planes = planesOf(6);
    await plate.saveImages("B/3", 0, planes, {
      lengths: { t: 2 },
      acquisition: 3,
      channels: ["a", "b", "c"],
    });
    await plate.saveImages({ row: "B", column: "3" }, "left", imageOf([1, 1, 4, 5]));

    const opened = await openPlate(store, "a/p.zarr");
    assertEquals([opened.version, opened.acquisitions], [version, acquisitions]);
    assertEquals(await opened.wells(), [{ path: "B/3", row: "B", column: "3" }]);
    assertEquals(await opened.fields("B/3"), [{ path: "0", acquisition: 3 }, { path: "left" }]);
    assertEquals(await opened.readPlane("B/3", 0, { t: 1, c: 2 }), planes[5]);
    assertEquals((await opened.readPlane("B/3", "0", { t: 0, c: 0 }, { level: 1 })).shape, [2, 3]);
    assertEquals(await opened.readPlane("B/3", "left"), imageOf([4, 5]));
    const image = await opened.image("B/3", 0);
    assertEquals(image.channels?.map(({ label }) => label), ["a", "b", "c"]);
    assertEquals(await contentOf(opened), { "B/3": [[2, 3, 4, 5], [1, 1, 4, 5]] });
    const { attributes } = await openZarrGroup(store, "a/p.zarr");
    const said = (version === "0.5" ? attributes.ome : attributes) as {
      plate: { field_count: number };
    };
    assertEquals(said.plate.field_count, 2);
  }
});
Deno.test("nothing that was saved is replaced", async () => {
  const store = zarrStore(createMemoryFiles());
  const plate = await createPlate(store, "p", SMALL);
  await plate.saveImages("A/1", 0, planesOf(2), { lengths: { t: 2, c: 1 } });
  await refused(
    "AlreadyExists",
    plate.saveImages("A/1", 0, planesOf(2, 9), { lengths: { t: 2, c: 1 } }),
  );
  await refused("AlreadyExists", createPlate(store, "p", SMALL));
  assertEquals(await plate.readPlane("A/1", 0, { t: 1 }), planesOf(2)[1]);
});

Deno.test("images are appended along an axis, in all levels", async () => {
  for (const version of VERSIONS) {
    const store = zarrStore(createMemoryFiles());
    const plate = await createPlate(store, "p", { ...SMALL, version, levels: 2 });
    const batch = (seed: number) => planesOf(4, seed);
    for (const seed of [0, 10, 20]) {
      await plate.saveImages("A/1", 0, batch(seed), { lengths: { c: 2 }, append: "t" });
    }
    const { levels } = await plate.image("A/1", 0);
    assertEquals(levels.map(({ array }) => array.shape), [[6, 2, 4, 5], [6, 2, 2, 3]]);
    assertEquals(await plate.readPlane("A/1", 0, { t: 3, c: 1 }), batch(10)[3]);
    await plate.saveImages("A/1", 0, planesOf(6, 50), { append: "c" });
    assertEquals(await plate.readPlane("A/1", 0, { t: 3, c: 1 }), batch(10)[3]);
    assertEquals(await plate.readPlane("A/1", 0, { t: 5, c: 2 }), planesOf(6, 50)[5]);
  }
});

Deno.test("what does not fit is refused, nothing is cast, and nothing is written", async () => {
  const store = watchedStore();
  const plate = await createPlate(store, "p", SMALL);
  await plate.saveImages("A/1", 0, planesOf(2), { lengths: { c: 2 }, channels: ["a", "b"] });
  const before = store.writes.length;
  const byte = { data: new Uint8Array(20), shape: [4, 5], dtype: "uint8" } as const;
  const save = (images: NDArray[], options: Parameters<Plate["saveImages"]>[3], field = 1) =>
    plate.saveImages("A/1", field, images, options);
  await refused("Unsupported", save([...planesOf(1), byte], { lengths: { c: 2 } }));
  await refused("Unsupported", save([byte, byte], { append: "t" }, 0));
  await refused("Unsupported", save([imageOf([4, 4]), imageOf([4, 4])], { append: "t" }, 0));
  await refused("Invalid", save(planesOf(3), { append: "t" }, 0));
  await refused("Invalid", save(planesOf(2), { append: "y" }, 0));
  await refused("Invalid", save(planesOf(2), { append: "w" }, 0));
  await refused("Invalid", save(planesOf(1), { append: "c" }, 0)); // there are names for two
  await refused("Invalid", save(planesOf(1), { acquisition: 1 }));
  await refused("Invalid", save(planesOf(1), { channels: ["a", "b"] }));
  await refused("Invalid", plate.saveImages("C/1", 0, planesOf(1)));
  await refused("Invalid", plate.saveImages("A/1/0", 0, planesOf(1)));
  await refused("Invalid", plate.saveImages("A/1", "../1", planesOf(1)));
  await refused("Invalid", plate.saveImages("A/1", "a b", planesOf(1)));
  await refused("Invalid", (await openPlate(store, "p")).saveImages("A/2", 0, planesOf(1)));
  assertEquals(store.writes.slice(before), []);
});

Deno.test("wells and fields that there are not are told as that", async () => {
  const store = zarrStore(createMemoryFiles());
  const plate = await createPlate(store, "p", SMALL);
  await plate.saveImages("A/1", 0, planesOf(1));
  await refused("NotFound", plate.readPlane("A/2", 0));
  await refused("NotFound", plate.readPlane("A/1", 1));
  await refused("NotFound", plate.image("A/1", 1));
  await refused("NotFound", plate.fields("B/1"));
  await refused("NotFound", openPlate(store, "q"));
  await refused("Invalid", plate.readPlane("A/01", 0));
  await refused("Invalid", plate.readPlane("A/1", 0, {}, { level: 7 }));
  await refused("Corrupt", openPlate(store, "p/A/1"));
});

Deno.test("rows and columns that OME-NGFF does not allow make no plate", async () => {
  const store = watchedStore();
  for (const rows of [0, 1.5, 2000, [], ["A", "A"], ["a b"], "A-H" as never]) {
    await refused("Invalid", createPlate(store, "p", { ...SMALL, rows }));
  }
  assertEquals(store.writes, []);
  const { rows, columns } = await createPlate(store, "p", {
    ...SMALL,
    rows: 28,
    columns: ["01", "02"],
  });
  assertEquals([rows[0], rows[25], rows[26], rows[27], columns], ["A", "Z", "AA", "AB", [
    "01",
    "02",
  ]]);
});

Deno.test("axes and distances that OME-NGFF does not allow make no plate", async () => {
  const store = watchedStore();
  const wrong = [{ axes: "yxc" }, { axes: "x" }, { axes: undefined }, { axes: "cyx", scale: [1] }];
  for (const layout of [...wrong, { axes: "cyx", translation: [0, 0, NaN] }]) {
    await refused("Invalid", createPlate(store, "p", { ...SMALL, ...layout as { axes: string } }));
  }
  assertEquals(store.writes, []);
});
Deno.test("wells are saved side by side, and all are listed", async () => {
  const store = zarrStore(createMemoryFiles());
  const plate = await createPlate(store, "p", { rows: 4, columns: 6, axes: "cyx" });
  const wells = plate.rows.flatMap((row) => plate.columns.map((column) => `${row}/${column}`));
  const jobs = wells.flatMap((well) =>
    [0, 1].map((field) => plate.saveImages(well, field, planesOf(2)))
  );
  await Promise.all(jobs);
  const content = await contentOf(await openPlate(store, "p"));
  assertEquals(Object.keys(content).sort(), wells.sort());
  assert(Object.values(content).every((fields) => fields.length === 2));
});

Deno.test("two saves of one field at the same time: one wins, the other is AlreadyExists", async () => {
  const plate = await createPlate(zarrStore(createMemoryFiles()), "p", SMALL);
  const results = await Promise.allSettled(
    [1, 2].map((seed) => plate.saveImages("A/1", 0, planesOf(1, seed))),
  );
  assertEquals(results.map(({ status }) => status), ["fulfilled", "rejected"]);
  assertEquals(await plate.readPlane("A/1", 0), planesOf(1, 1)[0]);
});

/** Saves with a store that ends after `writes` writes, and says whether it came to the end. */
async function diesAfter(
  writes: number,
  store: ZarrStore & { writesLeft: number },
  save: () => Promise<unknown>,
) {
  store.writesLeft = writes;
  try {
    await save();
    return false;
  } catch (error) {
    assert(isRegistryError(error, "Unavailable"), String(error));
    return true;
  } finally {
    store.writesLeft = Infinity;
  }
}

Deno.test("a save that died shows nothing that is not whole, and is done again", async () => {
  for (const version of VERSIONS) {
    let died = true;
    for (let writes = 0; died; writes++) {
      const store = watchedStore();
      const plate = await createPlate(store, "p", { ...SMALL, version, levels: 2 });
      await plate.saveImages("A/1", 0, planesOf(1));
      const save = () => plate.saveImages("B/2", 0, planesOf(2), { lengths: { t: 2, c: 1 } });
      died = await diesAfter(writes, store, save);
      const content = await contentOf(plate);
      assertEquals(content["A/1"], [[1, 1, 4, 5]]);
      for (const shape of content["B/2"] ?? []) assertEquals(shape, [2, 1, 4, 5]);
      if (died) {
        try {
          await plate.saveImages("B/2", 0, planesOf(4, 30), { lengths: { t: 2 } });
        } catch (error) {
          assert(isRegistryError(error, "AlreadyExists"), String(error)); // all of it was written
        }
      }
      const fields = (await contentOf(plate))["B/2"];
      const expected = fields[0][1] === 1 ? planesOf(2)[1] : planesOf(4, 30)[2];
      assertEquals(await plate.readPlane("B/2", 0, { t: 1, c: 0 }), expected);
    }
  }
});

Deno.test("an append that died changes nothing that was there, and is done again", async () => {
  let died = true;
  for (let writes = 0; died; writes++) {
    const store = watchedStore();
    const plate = await createPlate(store, "p", {
      ...SMALL,
      levels: 2,
      shards: [2, 1, 4, 5],
      chunks: [1, 1, 4, 5],
    });
    await plate.saveImages("A/1", 0, planesOf(3), { lengths: { c: 1 } });
    const append = (seed: number) => plate.saveImages("A/1", 0, planesOf(2, seed), { append: "t" });
    died = await diesAfter(writes, store, () => append(7));
    const [[length]] = (await contentOf(plate))["A/1"];
    assertEquals(length, died ? 3 : 5);
    if (died) await append(11);
    for (const [t, plane] of planesOf(3).entries()) {
      assertEquals(await plate.readPlane("A/1", 0, { t }), plane);
    }
    assertEquals(await plate.readPlane("A/1", 0, { t: 4 }), planesOf(2, died ? 11 : 7)[1]);
    const { levels } = await plate.image("A/1", 0);
    assertEquals(levels.map(({ array }) => array.shape[0]), [5, 5]);
  }
});

Deno.test("what others noted on plates and wells stays when images are saved", async () => {
  const store = zarrStore(createMemoryFiles());
  const plate = await createPlate(store, "p", SMALL);
  await plate.saveImages("A/1", 0, planesOf(1));
  for (const [path, kind] of [["p", "plate"], ["p/A/1", "well"]]) {
    const group = await openZarrGroup(store, path);
    const ome = group.attributes.ome as { [kind: string]: { [name: string]: string } };
    await group.setAttributes({
      lab: "7",
      ome: { ...ome, note: "x", [kind]: { ...ome[kind], note: "y" } },
    });
  }
  await plate.saveImages("A/1", 1, planesOf(1));
  await plate.saveImages("A/2", 1, planesOf(1));
  for (const [path, kind] of [["p", "plate"], ["p/A/1", "well"]]) {
    const { lab, ome } = (await openZarrGroup(store, path)).attributes as {
      lab: string;
      ome: Record<string, unknown>;
    };
    assertEquals([lab, ome.note, (ome[kind] as { note: string }).note], ["7", "x", "y"]);
  }
});

Deno.test("nothing is appended to an image whose levels were made in another way", async () => {
  const create = async () => {
    const store = watchedStore();
    const plate = await createPlate(store, "p", { ...SMALL, levels: 2 });
    await plate.saveImages("A/1", 0, planesOf(1));
    return { store, plate };
  };
  const refuses = async ({ store, plate }: Awaited<ReturnType<typeof create>>) => {
    const before = store.writes.length;
    await refused("Unsupported", plate.saveImages("A/1", 0, planesOf(1), { append: "t" }));
    assertEquals(store.writes.slice(before), []);
  };
  const smoothed = await create();
  const group = await openZarrGroup(smoothed.store, "p/A/1/0");
  const text = JSON.stringify(group.attributes);
  await group.setAttributes(JSON.parse(text.replace('"type":"mean"', '"type":"gaussian"')));
  await refuses(smoothed);
  const cut = await create();
  await cut.store.remove!("p/A/1/0/1/zarr.json");
  await createZarrArray(cut.store, "p/A/1/0/1", {
    shape: [1, 1, 2, 2],
    dtype: "uint16",
    chunks: [1, 1, 2, 2],
  });
  await refuses(cut);
});

Deno.test("a thousand planes are few objects, of which one plane is read alone", async () => {
  const store = watchedStore();
  const plate = await createPlate(store, "p", { rows: 8, columns: 12, axes: "zyx", codec: "none" });
  const planes = Array.from({ length: 1000 }, (_, i) => ({
    data: new Uint8Array(16_384).fill(i & 255),
    shape: [128, 128],
    dtype: "uint8",
  } as const));
  await plate.saveImages("A/1", 0, planes);
  assert(store.writes.length < 10, `${store.writes.length} objects were written`);
  store.bytesRead = 0;
  assertEquals(await plate.readPlane("A/1", 0, { z: 500 }), planes[500]);
  assert(store.bytesRead < 16_384 + 16_004 + 8192, `${store.bytesRead} bytes were read`);
});
