import { assert, assertEquals } from "@std/assert";
import { isRegistryError } from "../../../core/errors.ts";
import type { NDArray } from "../../../formats/arrays/ndarray.ts";
import { createMemoryFiles } from "../../../files/memory.ts";
import { createPlate, type OmeVersion, openPlate, type Plate } from "../../../files/ome.ts";
import { createZarrArray, openZarrGroup, zarrStore } from "../../../formats/zarr.ts";
import type { ZarrStore } from "../../../formats/zarr.ts";
import { imageOf, refused, watchedStore } from "./stores.ts";
import { slowTest } from "../../support/seeds.ts";

const VERSIONS: OmeVersion[] = ["0.4", "0.5"];
const SMALL = { rows: 2, columns: 3, axes: "tcyx" } as const;

/** Returns planes of 4 x 5. */
function planesOf(count: number, seed = 0): NDArray<"uint16">[] {
  return Array.from({ length: count }, (_, i) => imageOf([4, 5], 20 * (i + seed)));
}

/** Reads all listed wells, and returns the shapes of their fields. */
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

Deno.test("saved images are read by well, field and plane, in both versions", async () => {
  for (const version of VERSIONS) {
    const store = zarrStore(createMemoryFiles());
    const acquisitions = [{ id: 3, name: "monday", fieldCount: 2 }];
    const layout = { ...SMALL, version, levels: 2, acquisitions };
    const plate = await createPlate(store, "a/p.zarr", layout);
    assertEquals([plate.rows, plate.columns, plate.name], [["A", "B"], ["1", "2", "3"], "p.zarr"]);
    assertEquals(await plate.wells(), []);
    const planes = planesOf(6);
    const options = { lengths: { t: 2 }, acquisition: 3, channels: ["a", "b", "c"] };
    await plate.saveImages("B/3", 0, planes, options);
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
    const own = (version === "0.5" ? attributes.ome : attributes) as typeof attributes;
    assertEquals((own.plate as typeof attributes).field_count, 2);
  }
});

Deno.test("saved images are never replaced", async () => {
  const store = zarrStore(createMemoryFiles());
  const plate = await createPlate(store, "p", SMALL);
  const lengths = { t: 2, c: 1 };
  await plate.saveImages("A/1", 0, planesOf(2), { lengths });
  await refused("AlreadyExists", plate.saveImages("A/1", 0, planesOf(2, 9), { lengths }));
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

Deno.test("images that do not fit are refused before anything is written", async () => {
  const store = watchedStore();
  const plate = await createPlate(store, "p", SMALL);
  await plate.saveImages("A/1", 0, planesOf(2), { lengths: { c: 2 }, channels: ["a", "b"] });
  const before = store.writes.length;
  const byte = { data: new Uint8Array(20), shape: [4, 5], dtype: "uint8" } as const;
  const save = (images: NDArray[], options: Parameters<Plate["saveImages"]>[3], field = 1) =>
    plate.saveImages("A/1", field, images, options);
  const fitting = { lengths: { c: 2 } };
  const append = { append: "t" };
  await refused("Unsupported", save([...planesOf(1), byte], fitting));
  await refused("Unsupported", save([byte, byte], append, 0));
  await refused("Unsupported", save([imageOf([4, 4]), imageOf([4, 4])], append, 0));
  await refused("Invalid", save(planesOf(3), append, 0));
  for (const append of ["y", "w"]) await refused("Invalid", save(planesOf(2), { append }, 0));
  await refused("Invalid", save(planesOf(1), { append: "c" }, 0)); // two channels are described
  await refused("Invalid", save(planesOf(1), { acquisition: 1 }));
  await refused("Invalid", save(planesOf(1), { channels: ["a", "b"] }));
  const places = [["C/1", 0], ["A/1/0", 0], ["A/1", "../1"], ["A/1", "a b"]] as const;
  for (const [well, field] of places) {
    await refused("Invalid", plate.saveImages(well, field, planesOf(1)));
  }
  await refused("Invalid", (await openPlate(store, "p")).saveImages("A/2", 0, planesOf(1)));
  assertEquals(store.writes.slice(before), []);
});

Deno.test("missing wells and fields are NotFound, unknown ones Invalid", async () => {
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

Deno.test("rows, columns, axes and distances are checked before a plate is created", async () => {
  const store = watchedStore();
  const rows = [0, 1.5, 2000, [], ["A", "A"], ["a b"], "A-H" as never].map((rows) => ({ rows }));
  const scale = { axes: "cyx", scale: [1] };
  const layouts = [{ axes: "yxc" }, { axes: "x" }, { axes: undefined }, scale];
  for (const own of [...rows, ...layouts, { axes: "cyx", translation: [0, 0, NaN] }]) {
    await refused("Invalid", createPlate(store, "p", { ...SMALL, ...own as { axes: string } }));
  }
  assertEquals(store.writes, []);
  const layout = { ...SMALL, rows: 28, columns: ["01", "02"] };
  const plate = await createPlate(store, "p", layout);
  assertEquals([0, 25, 26, 27].map((i) => plate.rows[i]), ["A", "Z", "AA", "AB"]);
  assertEquals(plate.columns, ["01", "02"]);
});

Deno.test("wells are saved concurrently, and all are listed", async () => {
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

Deno.test("one of two concurrent saves of a field wins, the other is AlreadyExists", async () => {
  const plate = await createPlate(zarrStore(createMemoryFiles()), "p", SMALL);
  const results = await Promise.allSettled(
    [1, 2].map((seed) => plate.saveImages("A/1", 0, planesOf(1, seed))),
  );
  assertEquals(results.map(({ status }) => status), ["fulfilled", "rejected"]);
  assertEquals(await plate.readPlane("A/1", 0), planesOf(1, 1)[0]);
});

/** Saves to a store that fails after some writes; returns whether it failed. */
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

slowTest("a save that died leaves nothing visible, and can be repeated", async () => {
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
          assert(isRegistryError(error, "AlreadyExists"), String(error)); // it was complete
        }
      }
      const fields = (await contentOf(plate))["B/2"];
      const expected = fields[0][1] === 1 ? planesOf(2)[1] : planesOf(4, 30)[2];
      assertEquals(await plate.readPlane("B/2", 0, { t: 1, c: 0 }), expected);
    }
  }
});

Deno.test("an append that died changes nothing, and can be repeated", async () => {
  let died = true;
  for (let writes = 0; died; writes++) {
    const store = watchedStore();
    const cuts = { levels: 2, shards: [2, 1, 4, 5], chunks: [1, 1, 4, 5] };
    const plate = await createPlate(store, "p", { ...SMALL, ...cuts });
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

Deno.test("attributes of other programs stay when images are saved", async () => {
  const store = zarrStore(createMemoryFiles());
  const plate = await createPlate(store, "p", SMALL);
  await plate.saveImages("A/1", 0, planesOf(1));
  const groups = [["p", "plate"], ["p/A/1", "well"]];
  for (const [path, kind] of groups) {
    const group = await openZarrGroup(store, path);
    const ome = group.attributes.ome as { [kind: string]: { [name: string]: string } };
    const noted = { ...ome, note: "x", [kind]: { ...ome[kind], note: "y" } };
    await group.setAttributes({ lab: "7", ome: noted });
  }
  await plate.saveImages("A/1", 1, planesOf(1));
  await plate.saveImages("A/2", 1, planesOf(1));
  for (const [path, kind] of groups) {
    const { attributes: { lab, ome } } = await openZarrGroup(store, path) as unknown as {
      attributes: { lab: string; ome: Record<string, unknown> };
    };
    assertEquals([lab, ome.note, (ome[kind] as { note: string }).note], ["7", "x", "y"]);
  }
});

Deno.test("an image with levels of another method accepts no appended planes", async () => {
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
  const options = { shape: [1, 1, 2, 2], dtype: "uint16", chunks: [1, 1, 2, 2] } as const;
  await createZarrArray(cut.store, "p/A/1/0/1", options);
  await refuses(cut);
});

Deno.test("a thousand planes are few objects, and one is read alone", async () => {
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
