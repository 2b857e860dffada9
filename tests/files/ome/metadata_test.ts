import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { isRegistryError } from "../../../core/errors.ts";
import type { Channel } from "../../../files/ome/channels.ts";
import { imageAttributes, readImageAttributes } from "../../../files/ome/image_metadata.ts";
import { plateAttributes } from "../../../files/ome/plate_metadata.ts";
import {
  readPlateAttributes,
  readWellAttributes,
  wellAttributes,
} from "../../../files/ome/plate_metadata.ts";
import type { OmeVersion, PlateMetadata } from "../../../files/ome.ts";
import type { ImageToDescribe } from "../../../files/ome/image_metadata.ts";
import { thrown } from "../../core/thrown.ts";
import { casesOfRun, slowTest } from "../../support/seeds.ts";

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

/** Returns the message of attributes that are Corrupt. */
function problem(
  read: (path: string, attributes: unknown) => unknown,
  attributes: unknown,
): string {
  return thrown("Corrupt", () => read("a.zarr", attributes)).message;
}

const SPACE = [{ name: "y", type: "space" }, { name: "x", type: "space" }];

Deno.test("metadata of images is read as it was written, in both versions", () => {
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

Deno.test("metadata of 0.5 is in ome with its version, that of 0.4 in the attributes", () => {
  assertEquals(Object.keys(imageAttributes(IMAGE)), ["ome"]);
  const { ome } = imageAttributes(IMAGE) as { ome: Record<string, unknown> };
  assertEquals(Object.keys(ome), ["version", "multiscales", "omero"]);
  const old = imageAttributes({ ...IMAGE, version: "0.4" });
  assertEquals(Object.keys(old), ["multiscales", "omero"]);
  assertEquals((old.multiscales as { version: string }[])[0].version, "0.4");
});

Deno.test("metadata of plates and wells is read as it was written, in both versions", () => {
  for (const version of VERSIONS) {
    const plate = { ...PLATE, version };
    assertEquals(readPlateAttributes("p.zarr", plateAttributes(plate)), plate);
    const well = { version, fields: [{ path: "0", acquisition: 7 }, { path: "left" }] };
    assertEquals(readWellAttributes("p.zarr/B/03", wellAttributes(well)), well);
  }
});

Deno.test("transformations of all levels apply after those of each", () => {
  const moved = (scale: number[], translation: number[]) => [
    { type: "scale", scale },
    { type: "translation", translation },
  ];
  const { levels } = readImageAttributes("a.zarr", {
    multiscales: [{
      axes: SPACE,
      datasets: [{ path: "s0", coordinateTransformations: moved([2, 3], [1, 1]) }],
      coordinateTransformations: moved([10, 100], [5, 7]),
    }],
  });
  assertEquals(levels, [{ path: "s0", scale: [20, 300], translation: [15, 107] }]);
});

Deno.test("an invalid image is Corrupt, with the location", () => {
  const [y, x] = SPACE;
  const [time, channel] = [{ name: "t", type: "time" }, { name: "c", type: "channel" }];
  const scale = { type: "scale", scale: [1, 1] };
  const translation = { type: "translation", translation: [1, 1] };
  const datasets = [{ path: "0", coordinateTransformations: [scale] }];
  const many = Array.from({ length: 101 }, (_, i) => ({ ...datasets[0], path: `s${i}` }));
  const at = (multiscale: unknown) => ({ ome: { version: "0.5", multiscales: [multiscale] } });
  const axes = (...axes: unknown[]) => at({ axes, datasets });
  const scaled = (...coordinateTransformations: unknown[]) =>
    at({ axes: SPACE, datasets: [{ path: "0", coordinateTransformations }] });
  const cases: [attributes: unknown, expected: string][] = [
    [{}, 'the document has no "multiscales"'],
    [null, "the document is not an object"],
    [{ ome: { multiscales: [] } }, 'ome has no "version"'],
    [{ multiscales: [] }, "multiscales"],
    [at({ datasets }), 'multiscales[0] has no "axes"'],
    [at({ axes: SPACE }), 'multiscales[0] has no "datasets"'],
    [at({ axes: SPACE, datasets: [] }), "datasets has 0 levels"],
    [at({ axes: SPACE, datasets: many }), "datasets has 101 levels"],
    [axes(x), "axes has 1 axes"],
    [axes(y, x, channel), "not in the order"],
    [axes(x, x), 'has "x" twice'],
    [axes(time, { ...time, name: "u" }, y, x), "2 axes of time"],
    [axes(channel, { name: "a" }, y, x), "2 axes of neither time nor space"],
    [axes(channel, x), "1 axes of space"],
    [axes(y, { name: 7 }), "axes[1].name is not a string"],
    [scaled({ type: "scale", scale: [1] }), "[0].scale has 1 numbers for 2 axes"],
    [scaled({ type: "scale", scale: [1, "2"] }), "[0].scale[1] is not a number"],
    [scaled(translation), "does not begin with a scale"],
    [scaled(), "does not begin with a scale"],
    [scaled(scale, scale), 'not "translation" after "scale"'],
    [scaled(scale, translation, translation), "more than a scale and a translation"],
  ];
  for (const [attributes, expected] of cases) {
    assertStringIncludes(problem(readImageAttributes, attributes), expected);
  }
});

Deno.test("a level outside of its image is Corrupt", () => {
  const paths = ["../0", "/etc", "", ".", "a/../../b", "C:/x", "a\\b", "s3://bucket/x/../../..", 7];
  for (const path of paths) {
    const coordinateTransformations = [{ type: "scale", scale: [1, 1] }];
    const datasets = [{ path, coordinateTransformations }];
    const message = problem(readImageAttributes, { multiscales: [{ axes: SPACE, datasets }] });
    assertStringIncludes(message, "multiscales[0].datasets[0].path is ");
  }
});

Deno.test("an invalid plate or well is Corrupt, with the location", () => {
  const wells = [{ path: "A/1", rowIndex: 0, columnIndex: 0 }];
  const good = { rows: [{ name: "A" }], columns: [{ name: "1" }], wells };
  const plates: [change: Record<string, unknown>, expected: string][] = [
    [{ rows: [] }, "plate.rows is empty"],
    [{ rows: [{ name: "A/.." }] }, 'plate.rows[0].name is "A/.."'],
    [{ columns: [{ name: "1" }, { name: "1" }] }, 'plate.columns has "1" twice'],
    [{ acquisitions: [{ id: 1 }, { id: 1 }] }, "plate.acquisitions has 1 twice"],
    [{ acquisitions: [{ name: "a" }] }, 'plate.acquisitions[0] has no "id"'],
    [{ wells: [{ ...wells[0], path: "../1" }] }, 'plate.wells[0].path is "../1"'],
    [{ wells: [{ ...wells[0], rowIndex: 1 }] }, "plate.wells[0] is in an unknown row or column"],
    [{ wells: [{ ...wells[0], columnIndex: 0.5 }] }, "plate.wells[0].columnIndex is 0.5"],
    [{ wells: [...wells, ...wells] }, 'plate.wells has "A/1" twice'],
  ];
  for (const [change, expected] of plates) {
    const message = problem(readPlateAttributes, { plate: { ...good, ...change } });
    assertStringIncludes(message, expected);
  }
  const images: [paths: string[], expected: string][] = [
    [[], "well.images is empty"],
    [["../0"], "well.images[0].path"],
    [["0", "0"], "twice"],
  ];
  for (const [paths, expected] of images) {
    const well = { images: paths.map((path) => ({ path })) };
    assertStringIncludes(problem(readWellAttributes, { well }), expected);
  }
});

Deno.test("a description of an image or a plate is left out if it cannot be read", () => {
  const window = { start: 0, end: 20, min: 0, max: 255 };
  const whole = { color: "00FFFF", label: "nuclei", active: true, window };
  const { ome } = imageAttributes(IMAGE) as { ome: Record<string, unknown> };
  const channelsOf = (omero: unknown) =>
    readImageAttributes("a.zarr", { ome: { ...ome, omero } }).channels;
  const cases: [omero: unknown, channels: unknown][] = [
    [{}, undefined],
    [null, undefined],
    [{ channels: {} }, undefined],
    [{ channels: [null, whole] }, [{}, whole]],
    [{ channels: [{ ...whole, window: { start: 0, end: 20 } }] }, [
      { ...whole, window: { start: 0, end: 20 } },
    ]],
    [{ channels: [{ ...whole, window: { ...window, max: "255" } }] }, [
      { ...whole, window: { start: 0, end: 20, min: 0 } },
    ]],
    [{ channels: [{ window: { min: 0, max: 255 } }] }, [{}]],
    [{ channels: [{ window: null, label: null, color: 255, active: "yes" }] }, [{}]],
    [{ channels: [{ label: 405, active: 0 }] }, [{ label: "405", active: false }]],
  ];
  for (const [omero, channels] of cases) {
    assertEquals<unknown>(channelsOf(omero), channels, JSON.stringify(omero));
  }
  const [multiscale] = ome.multiscales as { axes: object[] }[];
  const axes = multiscale.axes.map((axis) => ({ ...axis, unit: 7 }));
  const image = readImageAttributes("a.zarr", {
    ome: { ...ome, multiscales: [{ ...multiscale, name: 7, axes }] },
  });
  assertEquals([image.name, ...image.axes.map(({ unit }) => unit)], Array(6).fill(undefined));
  const wells = [{ path: "A/1", rowIndex: 0, columnIndex: 0 }];
  const plate = { rows: [{ name: "A" }], columns: [{ name: "1" }], wells, name: 7, field_count: 0 };
  const acquisitions = [{ id: 1, name: null, starttime: "today", maximumfieldcount: 0.5 }];
  const read = readPlateAttributes("p.zarr", { plate: { ...plate, acquisitions } });
  assertEquals([read.name, read.fieldCount, read.acquisitions], [undefined, undefined, [{
    id: 1,
  }]]);
});

Deno.test("channels get the range of their type, and wrong ones are not written", () => {
  const of = (channel: unknown) => {
    const attributes = imageAttributes({ ...IMAGE, channels: [channel as Channel] });
    const { ome } = attributes as unknown as { ome: { omero: { channels: Channel[] } } };
    return ome.omero.channels[0];
  };
  const window = { start: 5, end: 9, min: 0, max: 65_535 };
  assertEquals(of({ window: { start: 5, end: 9 } }).window, window);
  for (const wrong of [{ label: 405 }, { active: 1 }, { window: { start: "0", end: 1 } }]) {
    thrown("Invalid", () => of(wrong));
  }
});

Deno.test("other versions are Unsupported", () => {
  const { ome } = imageAttributes(IMAGE) as { ome: Record<string, unknown> };
  const read = (attributes: unknown) => () => readImageAttributes("a.zarr", attributes);
  const later = thrown("Unsupported", read({ ome: { ...ome, version: "0.6" } }));
  assertStringIncludes(later.message, 'ome.version is "0.6"');
  const [multiscale] = imageAttributes({ ...IMAGE, version: "0.4" }).multiscales as object[];
  for (const version of ["0.1", "0.2", "0.3"]) {
    thrown("Unsupported", read({ multiscales: [{ ...multiscale, version }] }));
    thrown("Unsupported", () => readPlateAttributes("a.zarr", { plate: { version } }));
  }
  assertStringIncludes(
    problem(readPlateAttributes, { plate: { version: "new" } }),
    "not a version",
  );
});

Deno.test("metadata that OME-NGFF does not allow is not written", () => {
  const plate = { ...PLATE, version: "0.5" } as const;
  const wrong = [
    () => imageAttributes({ ...IMAGE, axes: "xyzct" }),
    () => imageAttributes({ ...IMAGE, axes: "czyx" }),
    () => imageAttributes({ ...IMAGE, levels: [] }),
    () => plateAttributes({ ...plate, rows: ["A", "A"] }),
    () => plateAttributes({ ...plate, columns: ["01", "02", "0/3"] }),
    () => wellAttributes({ version: "0.4", fields: [{ path: "a b" }] }),
  ];
  for (const write of wrong) thrown("Invalid", write);
});

Deno.test("any attributes are read or refused", () => {
  const good = VERSIONS.flatMap((version) => [
    imageAttributes({ ...IMAGE, version }),
    plateAttributes({ ...PLATE, version }),
    wellAttributes({ version, fields: [{ path: "0", acquisition: 1 }] }),
  ]);
  /** Returns a copy with another value somewhere in it. */
  function changed(value: unknown, at: number[], other: unknown): unknown {
    if (at.length === 0 || typeof value !== "object" || value === null) return other;
    const keys = Object.keys(value);
    const key = keys[at[0] % keys.length];
    const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
    copy[key] = changed(copy[key], at.slice(1), other);
    return copy;
  }
  const places = fc.array(fc.nat(7), { maxLength: 8 });
  const documents = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    fc.tuple(fc.constantFrom(...good), places, fc.jsonValue({ maxDepth: 2 }))
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
    { numRuns: casesOfRun(2000) },
  );
});

Deno.test("acquisitions are written with the names of OME-NGFF", () => {
  const attributes = plateAttributes({ ...PLATE, version: "0.4" });
  const times = { starttime: 1_700_000_000, endtime: 1_700_000_060 };
  const first = { id: 0, name: "first", maximumfieldcount: 4, ...times };
  const { acquisitions } = attributes.plate as { acquisitions: unknown };
  assertEquals(acquisitions, [first, { id: 7 }]);
});

/** Metadata that ome-zarr 0.18 (Python) wrote for a plate of two wells, with two levels. */
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
    wells: [
      { path: "A/1", rowIndex: 0, columnIndex: 0 },
      { path: "B/2", rowIndex: 1, columnIndex: 1 },
    ],
    field_count: 1,
    acquisitions: [{ id: 0 }],
  },
  well: { images: [{ path: "0" }] },
};

Deno.test("metadata of ome-zarr is read, with the same locations of levels", () => {
  for (const version of VERSIONS) {
    const theirs = (kind: "multiscales" | "plate" | "well") =>
      version === "0.5" ? { ome: { version, [kind]: THEIRS[kind] } } : { [kind]: THEIRS[kind] };
    const image = readImageAttributes("i", theirs("multiscales"));
    assertEquals([image.version, image.name, image.axes.length], [version, "image", 4]);
    const level = { path: "s1", scale: [1, 1, 2, 2], translation: [0, 0, 0.5, 0.5] };
    assertEquals(image.levels[1], level);
    const plate = readPlateAttributes("p", theirs("plate"));
    assertEquals([plate.wells[1].path, plate.fieldCount], ["B/2", 1]);
    assertEquals(plate.acquisitions, [{ id: 0 }]);
    assertEquals(readWellAttributes("w", theirs("well")).fields, [{ path: "0" }]);
  }
});

slowTest("a plate of 90,000 wells is read quickly", () => {
  const names = Array.from({ length: 300 }, (_, i) => `n${i}`);
  const wells = names.flatMap((row) =>
    names.map((column) => ({ path: `${row}/${column}`, row, column }))
  );
  const plate = { ...PLATE, version: "0.5", rows: names, columns: names, wells } as const;
  assertEquals(readPlateAttributes("p.zarr", plateAttributes(plate)).wells.length, 90_000);
});
