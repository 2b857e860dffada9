import { assertEquals } from "@std/assert";
import { omeExtension } from "../../../src/extensions/ome/extension.ts";
import { channelsOf, composite } from "../../../src/extensions/ome/ome_view.ts";
import { fittingLevel, openZarr } from "../../../src/previews/arrays/zarr_view.ts";
import { fakeVersion } from "../../support/fake_file.ts";
import { sampleFiles } from "../../support/samples.ts";

const samples = await sampleFiles(1);

Deno.test("the level of an image that fits is chosen; without the extension it is a plain group", async () => {
  const { levels } = await openZarr(fakeVersion(samples), "cells.zarr", {
    extensions: [omeExtension],
  });
  assertEquals(levels.map(({ source }) => source.shape.at(-1)), [1024, 512, 256]);
  assertEquals(fittingLevel(levels), 1);
  assertEquals(fittingLevel(levels.slice(0, 1)), 0);

  const other = await openZarr(fakeVersion(samples), "cells.zarr", { extensions: [] });
  assertEquals(other.levels, []);
});

Deno.test("channels of an image have their colors and ranges, or usual ones", () => {
  const axes = ["t", "c", "z", "y", "x"].map((name) => ({
    name,
    type: { t: "time", c: "channel" }[name] ?? "space",
  }));
  const shape = [1, 3, 5, 64, 64];
  const full = { start: 0, end: 65_535, min: 0, max: 65_535 };
  const plain = channelsOf(
    { axes, channels: [{ label: "DAPI", color: "FFFFFF", window: full }] },
    shape,
  );
  assertEquals(plain.map(({ label, color, active, window }) => [label, color, active, window]), [
    ["DAPI", [0, 0, 255], true, undefined],
    ["channel 1", [0, 255, 0], true, undefined],
    ["channel 2", [255, 0, 0], true, undefined],
  ]);
  const channels = [
    { color: "00ff00", active: true, window: { ...full, start: 100, end: 500 } },
    { color: "800000", active: false },
    { color: "javascript", active: false },
  ];
  const own = channelsOf({ axes, channels }, shape);
  assertEquals(own.map(({ color, active, window }) => [color, active, window]), [
    [[0, 255, 0], true, [100, 500]],
    [[128, 0, 0], false, undefined],
    [[255, 0, 0], false, undefined],
  ]);
  const single = channelsOf({ axes: axes.slice(3) }, [64, 64]);
  assertEquals(single.map(({ color }) => color), [[255, 255, 255]]);
});

Deno.test("layers of a picture are added, each in its color and range", () => {
  const values = Float32Array.of(0, 5, 10, NaN);
  const pixels = composite([
    { values, color: [255, 0, 0] },
    { values: Float32Array.of(10, 10, 20, 20), color: [0, 255, 255], window: [10, 20] },
    { values: Float32Array.of(7, 7, 7, 7), color: [255, 255, 255] },
  ], 4);
  const rows = [0, 1, 2, 3].map((i) => [...pixels.slice(i * 4, i * 4 + 4)]);
  assertEquals(rows, [[0, 0, 0, 255], [128, 0, 0, 255], [255, 255, 255, 255], [0, 255, 255, 255]]);
});
