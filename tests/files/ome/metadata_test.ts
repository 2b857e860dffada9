import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { isRegistryError } from "../../../core/errors.ts";
import { imageAttributes, plateAttributes, readImageAttributes } from "../../../files/ome.ts";
import { readPlateAttributes, readWellAttributes, wellAttributes } from "../../../files/ome.ts";
import type { ImageToDescribe, OmeVersion, PlateMetadata } from "../../../files/ome.ts";
import { thrown } from "../../core/thrown.ts";

const VERSIONS: OmeVersion[] = ["0.4", "0.5"];
const LEVELS = [
  { path: "0", scale: [2, 1, 0.5, 0.25, 0.25], translation: [0, 0, 0, 0, 0] },
  { path: "1", scale: [2, 1, 0.5, 0.5, 0.5], translation: [0, 0, 0, 0.125, 0.125] },
];
const IMAGE: ImageToDescribe = {
  name: "cells",
  axes: [{ name: "t", type: "time", unit: "second" }, "c", "z", "y", {
    name: "x",
    type: "space",
    unit: "micrometer",
  }],
  levels: LEVELS,
  downsampling: "mean",
  channels: ["DAPI", { label: "GFP", color: "00FF00" }],
};
const PLATE: Omit<PlateMetadata, "version"> = {
  name: "screen 7",
  rows: ["A", "B"],
  columns: ["01", "02", "03"],
  wells: [{ path: "B/03", row: "B", column: "03" }],
  fieldCount: 4,
  acquisitions: [{
    id: 0,
    name: "first",
    fieldCount: 4,
    startTime: 1_700_000_000,
    endTime: 1_700_000_060,
  }, { id: 7 }],
};

/** What is wrong about such attributes. */
function said(read: (path: string, attributes: unknown) => unknown, attributes: unknown): string {
  return thrown("Corrupt", () => read("a.zarr", attributes)).message;
}

Deno.test("what an image says of itself is read back as it was written, in both versions", () => {
  for (const version of VERSIONS) {
    const image = readImageAttributes("a.zarr", imageAttributes({ ...IMAGE, version }));
    const window = { start: 0, end: 65_535, min: 0, max: 65_535 };
    assertEquals(image, {
      version,
      name: "cells",
      axes: [
        { name: "t", type: "time", unit: "second" },
        { name: "c", type: "channel" },
        { name: "z", type: "space" },
        { name: "y", type: "space" },
        { name: "x", type: "space", unit: "micrometer" },
      ],
      levels: LEVELS,
      downsampling: "mean",
      channels: [
        { label: "DAPI", color: "FFFFFF", active: true, window },
        { label: "GFP", color: "00FF00", active: true, window },
      ],
    });
  }
});

Deno.test("metadata of 0.5 stands under ome with its version, that of 0.4 right in the attributes", () => {
  assertEquals(Object.keys(imageAttributes(IMAGE)), ["ome"]);
  const { ome } = imageAttributes(IMAGE) as { ome: Record<string, unknown> };
  assertEquals(Object.keys(ome), ["version", "multiscales", "omero"]);
  const old = imageAttributes({ ...IMAGE, version: "0.4" }) as {
    multiscales: { version: string }[];
  };
  assertEquals([Object.keys(old), old.multiscales[0].version], [["multiscales", "omero"], "0.4"]);
});

Deno.test("what plates and wells say of themselves is read back as it was written, in both versions", () => {
  for (const version of VERSIONS) {
    const plate = { ...PLATE, version };
    assertEquals(readPlateAttributes("p.zarr", plateAttributes(plate)), plate);
    const well = { version, fields: [{ path: "0", acquisition: 7 }, { path: "left" }] };
    assertEquals(readWellAttributes("p.zarr/B/03", wellAttributes(well)), well);
  }
});

Deno.test("what is said of all levels at once counts for each, after what is said of one", () => {
  const axes = [{ name: "y", type: "space" }, { name: "x", type: "space" }];
  const moved = (
    scale: number[],
    translation: number[],
  ) => [{ type: "scale", scale }, { type: "translation", translation }];
  const { levels } = readImageAttributes("a.zarr", {
    multiscales: [{
      axes,
      datasets: [{ path: "s0", coordinateTransformations: moved([2, 3], [1, 1]) }],
      coordinateTransformations: moved([10, 100], [5, 7]),
    }],
  });
  assertEquals(levels, [{ path: "s0", scale: [20, 300], translation: [15, 107] }]);
});

Deno.test("an image that breaks the specification is refused with the place", () => {
  const axis = (name: string, type?: string) => type === undefined ? { name } : { name, type };
  const [y, x] = [axis("y", "space"), axis("x", "space")];
  const datasets = [{ path: "0", coordinateTransformations: [{ type: "scale", scale: [1, 1] }] }];
  const at = (multiscale: unknown) =>
    said(readImageAttributes, { ome: { version: "0.5", multiscales: [multiscale] } });
  const scaled = (...coordinateTransformations: unknown[]) =>
    at({ axes: [y, x], datasets: [{ path: "0", coordinateTransformations }] });

  assertStringIncludes(said(readImageAttributes, {}), 'the document has no "multiscales"');
  assertStringIncludes(said(readImageAttributes, null), "the document is no object");
  assertStringIncludes(
    said(readImageAttributes, { ome: { multiscales: [] } }),
    'ome has no "version"',
  );
  assertStringIncludes(said(readImageAttributes, { multiscales: [] }), "multiscales");
  assertStringIncludes(at({ datasets }), 'multiscales[0] has no "axes"');
  assertStringIncludes(at({ axes: [y, x] }), 'multiscales[0] has no "datasets"');
  assertStringIncludes(at({ axes: [y, x], datasets: [] }), "datasets has 0 levels");
  const many = Array.from({ length: 101 }, (_, i) => ({ ...datasets[0], path: `s${i}` }));
  assertStringIncludes(at({ axes: [y, x], datasets: many }), "datasets has 101 levels");
  assertStringIncludes(at({ axes: [x], datasets }), "axes has 1 axes");
  assertStringIncludes(at({ axes: [y, x, axis("c", "channel")], datasets }), "not in the order");
  assertStringIncludes(at({ axes: [x, x], datasets }), 'has "x" twice');
  assertStringIncludes(
    at({ axes: [axis("t", "time"), axis("u", "time"), y, x], datasets }),
    "2 axes of time",
  );
  assertStringIncludes(
    at({ axes: [axis("c", "channel"), axis("a"), y, x], datasets }),
    "neither of time nor of space",
  );
  assertStringIncludes(at({ axes: [axis("c", "channel"), x], datasets }), "1 axes of space");
  assertStringIncludes(at({ axes: [y, { name: 7 }], datasets }), "axes[1].name is no text");
  assertStringIncludes(scaled({ type: "scale", scale: [1] }), "[0].scale has 1 numbers for 2 axes");
  assertStringIncludes(scaled({ type: "scale", scale: [1, "2"] }), "[0].scale[1] is no number");
  assertStringIncludes(
    scaled({ type: "translation", translation: [1, 1] }),
    "does not begin with a scale",
  );
  assertStringIncludes(scaled(), "does not begin with a scale");
  const scale = { type: "scale", scale: [1, 1] };
  assertStringIncludes(scaled(scale, scale), "after a scale there is a translation");
  const translation = { type: "translation", translation: [1, 1] };
  assertStringIncludes(
    scaled(scale, translation, translation),
    "more than a scale and a translation",
  );
});

Deno.test("no level of an image lies outside of it", () => {
  for (
    const path of [
      "../0",
      "/etc",
      "",
      ".",
      "a/../../b",
      "C:/x",
      "a\\b",
      "s3://bucket/x/../../..",
      7,
    ]
  ) {
    const coordinateTransformations = [{ type: "scale", scale: [1, 1] }];
    const axes = [{ name: "y", type: "space" }, { name: "x", type: "space" }];
    const attributes = { multiscales: [{ axes, datasets: [{ path, coordinateTransformations }] }] };
    assertStringIncludes(
      said(readImageAttributes, attributes),
      "multiscales[0].datasets[0].path is ",
    );
  }
});

Deno.test("a plate or a well that breaks the specification is refused with the place", () => {
  const good = {
    rows: [{ name: "A" }],
    columns: [{ name: "1" }],
    wells: [{ path: "A/1", rowIndex: 0, columnIndex: 0 }],
  };
  const at = (change: Record<string, unknown>) =>
    said(readPlateAttributes, { plate: { ...good, ...change } });
  const well = (change: Record<string, unknown>) =>
    at({ wells: [{ ...good.wells[0], ...change }] });
  assertStringIncludes(at({ rows: [] }), "plate.rows is empty");
  assertStringIncludes(at({ rows: [{ name: "A/.." }] }), 'plate.rows[0].name is "A/.."');
  assertStringIncludes(
    at({ columns: [{ name: "1" }, { name: "1" }] }),
    'plate.columns has "1" twice',
  );
  assertStringIncludes(at({ field_count: 0 }), "plate.field_count is 0");
  assertStringIncludes(
    at({ acquisitions: [{ id: 1 }, { id: 1 }] }),
    "plate.acquisitions has 1 twice",
  );
  assertStringIncludes(at({ acquisitions: [{ name: "a" }] }), 'plate.acquisitions[0] has no "id"');
  assertStringIncludes(well({ path: "../1" }), 'plate.wells[0].path is "../1"');
  assertStringIncludes(
    well({ rowIndex: 1 }),
    "plate.wells[0] is in a row or a column that there is not",
  );
  assertStringIncludes(well({ columnIndex: 0.5 }), "plate.wells[0].columnIndex is 0.5");
  assertStringIncludes(
    at({ wells: [good.wells[0], good.wells[0]] }),
    'plate.wells has "A/1" twice',
  );
  assertStringIncludes(said(readWellAttributes, { well: { images: [] } }), "well.images is empty");
  assertStringIncludes(
    said(readWellAttributes, { well: { images: [{ path: "../0" }] } }),
    "well.images[0].path",
  );
  assertStringIncludes(
    said(readWellAttributes, { well: { images: [{ path: "0" }, { path: "0" }] } }),
    "twice",
  );
});

Deno.test("other versions are told as that", () => {
  const { ome } = imageAttributes(IMAGE) as { ome: Record<string, unknown> };
  const later = thrown(
    "Unsupported",
    () => readImageAttributes("a.zarr", { ome: { ...ome, version: "0.6" } }),
  );
  assertStringIncludes(later.message, 'ome.version is "0.6"');
  const [multiscale] =
    (imageAttributes({ ...IMAGE, version: "0.4" }) as { multiscales: object[] }).multiscales;
  for (const version of ["0.1", "0.2", "0.3"]) {
    thrown(
      "Unsupported",
      () => readImageAttributes("a.zarr", { multiscales: [{ ...multiscale, version }] }),
    );
    thrown("Unsupported", () => readPlateAttributes("a.zarr", { plate: { version } }));
  }
  assertStringIncludes(said(readPlateAttributes, { plate: { version: "new" } }), "no version");
});

Deno.test("what OME-NGFF does not allow is not written", () => {
  thrown("Invalid", () => imageAttributes({ ...IMAGE, axes: "xyzct" }));
  thrown("Invalid", () => imageAttributes({ ...IMAGE, axes: "czyx" }));
  thrown("Invalid", () => imageAttributes({ ...IMAGE, levels: [] }));
  thrown("Invalid", () => plateAttributes({ ...PLATE, version: "0.5", rows: ["A", "A"] }));
  thrown(
    "Invalid",
    () => plateAttributes({ ...PLATE, version: "0.5", columns: ["01", "02", "0/3"] }),
  );
  thrown("Invalid", () => wellAttributes({ version: "0.4", fields: [{ path: "a b" }] }));
});

Deno.test("whatever the attributes are, they are read or refused", () => {
  const good = VERSIONS.flatMap((version) => [
    imageAttributes({ ...IMAGE, version }),
    plateAttributes({ ...PLATE, version }),
    wellAttributes({ version, fields: [{ path: "0", acquisition: 1 }] }),
  ]);
  /** The same with another value somewhere in it. */
  function changed(value: unknown, at: number[], other: unknown): unknown {
    if (at.length === 0 || typeof value !== "object" || value === null) return other;
    const keys = Object.keys(value);
    const key = keys[at[0] % keys.length];
    const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
    copy[key] = changed(copy[key], at.slice(1), other);
    return copy;
  }
  const documents = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    fc.tuple(
      fc.constantFrom(...good),
      fc.array(fc.nat(7), { maxLength: 8 }),
      fc.jsonValue({ maxDepth: 2 }),
    )
      .map(([document, at, other]) => changed(document, at, other)),
  );
  fc.assert(
    fc.property(documents, (document) => {
      for (const read of [readImageAttributes, readPlateAttributes, readWellAttributes]) {
        try {
          read("a.zarr", document);
        } catch (error) {
          assert(isRegistryError(error, "Corrupt", "Unsupported"), String(error));
        }
      }
    }),
    { numRuns: 2000 },
  );
});
Deno.test("acquisitions are written by the names that OME-NGFF gives their members", () => {
  const { plate } = plateAttributes({ ...PLATE, version: "0.4" }) as unknown as {
    plate: { acquisitions: unknown };
  };
  const first = {
    id: 0,
    name: "first",
    maximumfieldcount: 4,
    starttime: 1_700_000_000,
    endtime: 1_700_000_060,
  };
  assertEquals(plate.acquisitions, [first, { id: 7 }]);
});

/**
 * What ome-zarr 0.18 (Python) wrote about a plate of two wells, in both versions; of the levels the
 * first two.
 */
const THEIRS = {
  multiscales: [{
    axes: [
      { name: "t", type: "time" },
      { name: "c", type: "channel" },
      { name: "y", type: "space" },
      { name: "x", type: "space" },
    ],
    datasets: [["s0", 1, 0], ["s1", 2, 0.5]].map(([path, scale, translation]) => ({
      path,
      coordinateTransformations: [
        { type: "scale", scale: [1, 1, scale, scale] },
        { type: "translation", translation: [0, 0, translation, translation] },
      ],
    })),
    name: "image",
  }],
  plate: {
    columns: [{ name: "1" }, { name: "2" }],
    rows: [{ name: "A" }, { name: "B" }],
    wells: [{ path: "A/1", rowIndex: 0, columnIndex: 0 }, {
      path: "B/2",
      rowIndex: 1,
      columnIndex: 1,
    }],
    field_count: 1,
    acquisitions: [{ id: 0 }],
  },
  well: { images: [{ path: "0" }] },
};

Deno.test("what ome-zarr wrote is read, and where its levels are is where those of means are here", () => {
  for (const version of VERSIONS) {
    const said = (kind: "multiscales" | "plate" | "well") =>
      version === "0.5" ? { ome: { version, [kind]: THEIRS[kind] } } : { [kind]: THEIRS[kind] };
    const image = readImageAttributes("i", said("multiscales"));
    assertEquals([image.version, image.name, image.axes.length], [version, "image", 4]);
    assertEquals(image.levels[1], {
      path: "s1",
      scale: [1, 1, 2, 2],
      translation: [0, 0, 0.5, 0.5],
    });
    const plate = readPlateAttributes("p", said("plate"));
    assertEquals([plate.wells[1].path, plate.fieldCount, plate.acquisitions], ["B/2", 1, [{
      id: 0,
    }]]);
    assertEquals(readWellAttributes("w", said("well")).fields, [{ path: "0" }]);
  }
});

Deno.test("a plate of very many wells is read in little time", () => {
  const names = Array.from({ length: 300 }, (_, i) => `n${i}`);
  const wells = names.flatMap((row) =>
    names.map((column) => ({ path: `${row}/${column}`, row, column }))
  );
  const plate = { ...PLATE, version: "0.5", rows: names, columns: names, wells } as const;
  assertEquals(readPlateAttributes("p.zarr", plateAttributes(plate)).wells.length, 90_000);
});
