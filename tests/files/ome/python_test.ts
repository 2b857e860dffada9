// Compares with zarr of Python: its metadata of our plates, and planes of its own plates.
import { assertEquals } from "@std/assert";
import { createLocalFiles } from "../../../files/local.ts";
import { createPlate, type OmeVersion, openPlate } from "../../../files/ome.ts";
import { zarrStore } from "../../../formats/zarr.ts";
import { findPython, runPython } from "../../support/numpy.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { imageOf } from "./stores.ts";

const python = await findPython("zarr", 3);
const ignore = python === undefined;
const why = ignore ? " (ignored: neither HOLDFAST_PYTHON nor python3 has zarr 3)" : "";

/** Prints the metadata of the plates in a folder, and copies each, chunk by chunk, to a new one. */
const PROGRAM = `
import json, sys, zarr
root = sys.argv[1]
for version in ["0.4", "0.5"]:
    plate = zarr.open_group(f"{root}/{version}", mode="r")
    well, field, array = plate["B/2"], plate["B/2/0"], plate["B/2/0/0"]
    def said(group):
        attributes = dict(group.attrs)
        return attributes["ome"] if version == "0.5" else attributes
    print(json.dumps([
        [w["path"] for w in said(plate)["plate"]["wells"]], [i["path"] for i in said(well)["well"]["images"]],
        said(field)["multiscales"][0]["axes"], [c["label"] for c in said(field)["omero"]["channels"]],
        list(array.shape), list(array.chunks), array[1, 2].tolist(), plate["B/2/0/1"][1, 2].tolist(),
        array.metadata.zarr_format, array.metadata.zarr_format == 3 and array.metadata.dimension_names,
    ]))
    format = array.metadata.zarr_format
    extra = {"chunk_key_encoding": {"name": "v2", "separator": "/"}} if format == 2 else {}
    for path in ["", "/B", "/B/2", "/B/2/0"]:
        group = plate[path[1:]] if path else plate
        zarr.create_group(f"{root}/{version}-copy{path}", zarr_format=format, attributes=dict(group.attrs))
    for level in ["0", "1"]:
        a = plate["B/2/0/" + level][:]
        z = zarr.create_array(f"{root}/{version}-copy/B/2/0/{level}", shape=a.shape, chunks=(1, 2, 3, 3), dtype=a.dtype,
                              zarr_format=format, **extra)
        z[...] = a
`;

const NAME = `plates are exchanged with zarr of Python${why}`;
testInRoot(NAME, async ({ path }) => {
  const store = zarrStore(createLocalFiles({ root: path }));
  const image = imageOf([2, 3, 5, 7]);
  const versions: OmeVersion[] = ["0.4", "0.5"];
  for (const version of versions) {
    const layout = { rows: 2, columns: 2, axes: "tcyx", levels: 2, version };
    const plate = await createPlate(store, version, layout);
    await plate.saveImages("B/2", 0, image, { channels: ["a", "b", "c"] });
  }
  const lines = (await runPython(python!, PROGRAM, [path])).trim().split("\n");
  for (const [i, version] of versions.entries()) {
    const plate = await openPlate(store, version);
    const { axes, levels } = await plate.image("B/2", 0);
    const rows = async (level: number) => {
      const { data, shape } = await plate.readPlane("B/2", 0, { t: 1, c: 2 }, { level });
      const values = Array.from(data as Uint16Array);
      const [height, width] = shape;
      const row = (y: number) => values.slice(y * width, (y + 1) * width);
      return Array.from({ length: height }, (_, y) => row(y));
    };
    const isNew = version === "0.5";
    assertEquals(JSON.parse(lines[i]), [
      ...[["B/2"], ["0"], axes, ["a", "b", "c"], [2, 3, 5, 7], [1, 1, 5, 7]],
      ...[await rows(0), await rows(1), isNew ? 3 : 2, isNew && ["t", "c", "y", "x"]],
    ]);
    const copy = await (await openPlate(store, `${version}-copy`)).image("B/2", 0);
    assertEquals(copy.levels[0].array.chunks, [1, 2, 3, 3]);
    for (const [level, { array }] of levels.entries()) {
      assertEquals(await copy.levels[level].array.read(), await array.read());
    }
  }
}, { ignore });
