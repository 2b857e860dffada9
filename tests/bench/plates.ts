// Plates: a thousand planes of 16 KiB as one array of OME-NGFF on a disk, and one plane out of
// them.
import fs from "node:fs";
import { join } from "node:path";
import type { NDArray } from "../../core/bytes/ndarray.ts";
import { createLocalFiles } from "../../files/local.ts";
import { createPlate, openPlate } from "../../files/ome.ts";
import type { Plate } from "../../files/ome.ts";
import { zarrStore } from "../../formats/zarr.ts";
import { timed } from "./measure.ts";
import type { BenchSettings, Group, Measure } from "./measure.ts";

const SIDE = 128;
const FLOORS = { save: "floor: write all of them to one file", load: "floor: read that file" };

/** Saves and loads batches packed and as they are, and reads one plane of each by a plate that is opened for it. */
export async function createPlatesGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const files = createLocalFiles({ root: folder });
  const store = zarrStore(files);
  const planes = Array.from({ length: quick ? 100 : 1000 }, (_, i) => planeOf(i));
  const bytes = new Uint8Array(planes.length * SIDE * SIDE);
  const raw = join(folder, "raw");

  async function measuresOf(name: string, codec: "zstd" | "none"): Promise<Measure[]> {
    const plate = await createPlate(store, codec, { rows: 16, columns: 24, axes: "zyx", codec });
    let saved = 0;
    const measure = (
      what: string,
      count: number,
      action: (plate: Plate) => Promise<unknown>,
      floor?: string,
    ) => ({
      name: `${name}, ${what}`,
      count,
      unit: "op" as const,
      floor,
      run: () => timed(async () => await action(await openPlate(store, codec))),
    });
    const { length } = planes;
    return [
      {
        ...measure(
          `save a batch of ${length}`,
          length,
          () => plate.saveImages("A/1", saved++, planes),
        ),
        floor: FLOORS.save,
      },
      measure(`load a batch of ${length}`, length, async (plate) => {
        const { levels } = await plate.image("A/1", 0);
        await levels[0].array.read();
      }, FLOORS.load),
      measure(
        `open, and read one plane of ${length}`,
        1,
        (plate) => plate.readPlane("A/1", 0, { z: length / 2 }),
      ),
    ];
  }

  return {
    measures: [
      ...await measuresOf("packed", "zstd"),
      ...await measuresOf("as they are", "none"),
      {
        name: FLOORS.save,
        count: planes.length,
        unit: "op",
        run: () => timed(() => fs.writeFileSync(raw, bytes)),
      },
      {
        name: FLOORS.load,
        count: planes.length,
        unit: "op",
        run: () => timed(() => fs.readFileSync(raw)),
      },
    ],
    [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
  };
}

/** About half of its bits are noise. */
function planeOf(seed: number): NDArray {
  let state = seed + 1;
  const next = () => (state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0) >>> 28;
  return {
    data: Uint8Array.from({ length: SIDE * SIDE }, next),
    shape: [SIDE, SIDE],
    dtype: "uint8",
  };
}
