// deno run --allow-read --allow-write --allow-env --allow-sys examples/plate.ts
//
// A plate of 96 wells and 4 channels, step by step as in a notebook: save the images as files, list
// them, work on a copy made of links, and write an OME-Zarr plate that napari and Python open.
import { createFileManager, createLocalFiles } from "@holdfast/holdfast/files";
import { createPlate, openPlate } from "@holdfast/holdfast/files/ome";
import { npy } from "@holdfast/holdfast/formats";
import { type NDArray, zarrStore } from "@holdfast/holdfast/formats/zarr";

const SIDE = 64;
const CHANNELS = ["DAPI", "GFP", "RFP", "Cy5"];
const WELLS = [..."ABCDEFGH"].flatMap((row) =>
  Array.from({ length: 12 }, (_, i) => `${row}${String(i + 1).padStart(2, "0")}`)
);

/** A round cell in each image: brighter in later columns, larger in later channels. */
function imageOf(well: string, channel: number): NDArray<"uint16"> {
  const brightness = 100 * Number(well.slice(1));
  const radius = 6 + 4 * channel;
  const data = Uint16Array.from({ length: SIDE * SIDE }, (_, i) => {
    const [x, y] = [i % SIDE - SIDE / 2, Math.floor(i / SIDE) - SIDE / 2];
    return x * x + y * y < radius * radius ? brightness : 10;
  });
  return { data, shape: [SIDE, SIDE], dtype: "uint16" };
}

/** How many pixels of an image are brighter than the ground. */
function areaOf({ data }: NDArray): number {
  return (data as Uint16Array).reduce((count, value) => count + (value > 10 ? 1 : 0), 0);
}

const root = await Deno.makeTempDir();
await using disk = createLocalFiles({ root });
const files = await createFileManager({ disk }).on("disk");

// 1. The microscope saves a file for each well and channel: 384 of them, in one call.
const planes = WELLS.flatMap((well) =>
  CHANNELS.map((name, channel) => ({
    path: `raw/${well}_${name}.npy`,
    value: imageOf(well, channel),
  }))
);
const saved = await files.saveBatch(planes);
console.log(`1. saved ${saved.succeeded.length} images, ${saved.failed.length} failed`);

// 2. Which images of row B are there, of one channel? In the order that people expect.
const row = await files.listFiles("raw", { pattern: "B*_GFP*", extensions: [".npy"] });
console.log(`2. ${row.length} in row B: ${row[0]} to ${row.at(-1)}`);

// 3. Looking at them: what each file holds comes back as it was.
const images = await Promise.all(row.map((path) => files.load(path, { as: npy() })));
const areas = images.map(areaOf);
console.log(`3. the cell of each has ${[...new Set(areas)].join(", ")} pixels`);

// 4. A folder to work in, of links: nothing is copied, and what is written there leaves the raw images as they are.
await files.mirrorDirectoryWithSymlinks("raw", "work");
const mask = { ...imageOf("B02", 1), data: new Uint16Array(SIDE * SIDE) };
await files.save("work/B02_GFP.npy", mask);
const raw = await files.load("raw/B02_GFP.npy", { as: npy() });
console.log(
  `4. ${(await files.listFiles("work")).length} in work; the raw image still has ${
    areaOf(raw)
  } pixels of cell`,
);

// 5. All of it as one plate: a well is one array, whose planes are read alone.
const store = zarrStore(disk);
const plate = await createPlate(store, "plate.zarr", {
  rows: 8,
  columns: 12,
  name: "first screen",
  axes: ["c", { name: "y", type: "space", unit: "micrometer" }, {
    name: "x",
    type: "space",
    unit: "micrometer",
  }],
  scale: [1, 0.65, 0.65],
  levels: 2,
});
for (const well of WELLS) {
  const images = CHANNELS.map((name) => files.load(`raw/${well}_${name}.npy`, { as: npy() }));
  const place = { row: well[0], column: String(Number(well.slice(1))) };
  await plate.saveImages(place, 0, await Promise.all(images), { channels: CHANNELS });
}
console.log(
  `5. the plate has ${(await plate.wells()).length} wells of ${CHANNELS.length} channels`,
);

// 6. Somebody else opens it, and reads one plane of one well, and a small copy of it.
const opened = await openPlate(store, "plate.zarr");
const plane = await opened.readPlane("H/12", 0, { c: 3 });
const small = await opened.readPlane("H/12", 0, { c: 3 }, { level: 1 });
console.log(
  `6. H/12, Cy5: ${areaOf(plane)} pixels of ${plane.shape.join(" x ")}, and ${
    small.shape.join(" x ")
  } of the copy`,
);

await Deno.remove(root, { recursive: true });
