// Against the real thing. `HOLDFAST_PYTHON` names a Python that has zarr 3; else `python3` is tried.
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { areTimes, countElements, ELEMENTS } from "../../../formats/arrays/ndarray.ts";
import type { DType, NDArray } from "../../../formats/arrays/ndarray.ts";
import { createLocalFiles } from "../../../files/local.ts";
import {
  createZarrArray,
  createZarrGroup,
  openZarrArray,
  openZarrGroup,
  zarrStore,
} from "../../../formats/zarr.ts";
import type { CreateZarrOptions, ZarrCodec } from "../../../formats/zarr.ts";
import { findPython, runPython } from "../../support/numpy.ts";
import { type TempRoot, tempRoot } from "../../support/temp_root.ts";

const python = await findPython("zarr", 3);
const ignore = python === undefined;
const why = ignore ? " (ignored: neither HOLDFAST_PYTHON nor python3 has zarr 3)" : "";

/** Prints what each array of a folder is, appends to it, and writes arrays of its own in every way, one line each. */
const PROGRAM = `
import hashlib, itertools, json, sys, warnings, numpy, zarr
from zarr.codecs import BloscCodec, BytesCodec, GzipCodec, ZstdCodec, Crc32cCodec, ShardingCodec, TransposeCodec
import numcodecs
warnings.simplefilter("ignore")
theirs, ours, names = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
def tell(name, z, a):
    little = numpy.ascontiguousarray(a).astype(a.dtype.newbyteorder("<"))
    fill = z.fill_value if z.fill_value is not None else numpy.zeros((), a.dtype)[()]
    fill = numpy.asarray(fill, dtype=a.dtype.newbyteorder("<")).tobytes().hex()
    print(json.dumps([name, a.dtype.name, list(a.shape), hashlib.sha256(little.tobytes()).hexdigest(), fill, dict(z.attrs)]))
for name in names:
    z = zarr.open_array(theirs + "/" + name, mode="r+")
    tell(name, z, z[...])
    if z.ndim > 0:
        z.append(z[:1], axis=0)
group = zarr.open_group(theirs + "/group", mode="r")
print(json.dumps([sorted(group.keys()), dict(group.attrs)]))
print("--")
random = numpy.random.default_rng(7)
def values(dtype, shape):
    kind = numpy.dtype(dtype)
    size = int(numpy.prod(shape, dtype=int))
    if kind.kind == "b":
        return random.integers(0, 2, shape).astype(kind)
    if kind.kind in "iu":
        return random.integers(0, 100, shape).astype(kind)
    return (random.integers(0, 256, shape) / 4).astype(kind)
def keep(name, a, **options):
    z = zarr.create_array(ours + "/" + name, shape=a.shape, dtype=a.dtype, **options)
    z[...] = a
    z.attrs["big"] = 2 ** 60 + 1
    tell(name, z, a)
n = itertools.count()
dtypes = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128".split()
for dtype in dtypes:
    a = values(dtype, (5, 7))
    keep(f"t{next(n)}", a, chunks=(2, 4))
    keep(f"t{next(n)}", a, chunks=(2, 4), zarr_format=2)
    big = a.astype(a.dtype.newbyteorder(">"))
    keep(f"t{next(n)}", big, chunks=(2, 4), zarr_format=2, order="F")
    keep(f"t{next(n)}", a, chunks=(2, 4), serializer=BytesCodec(endian="big"))
for shape, chunks in [((), ()), ((100,), (33,)), ((3, 40, 50), (1, 17, 50)), ((0, 4), (2, 2))]:
    a = values("uint16", shape)
    for codec in [GzipCodec(level=3), ZstdCodec(level=3, checksum=True), None]:
        keep(f"c{next(n)}", a, chunks=chunks, compressors=codec)
    for codec in [numcodecs.Zlib(3), numcodecs.GZip(3), numcodecs.Zstd(3), None]:
        keep(f"c{next(n)}", a, chunks=chunks, compressors=codec, zarr_format=2)
    if shape and 0 not in shape:
        shards = tuple(2 * c for c in chunks)
        keep(f"s{next(n)}", a, chunks=chunks, shards=shards, fill_value=7)
        for place in ["start", "end"]:
            inner = ShardingCodec(chunk_shape=chunks, codecs=[BytesCodec(), GzipCodec(), Crc32cCodec()], index_location=place)
            keep(f"s{next(n)}", a, chunks=shards, serializer=inner, compressors=None)
        keep(f"f{next(n)}", a, chunks=chunks, filters=[TransposeCodec(order=list(range(len(shape)))[::-1])])
for cname, shuffle, dtype in itertools.product(
        ["lz4", "lz4hc", "zlib", "zstd"], ["noshuffle", "shuffle", "bitshuffle"], ["uint16", "float64", "uint8"]):
    for shape, chunks in [((30, 40), (30, 40)), ((77, 3), (77, 3)), ((400, 300), (400, 300))]:
        a = values(dtype, shape)
        keep(f"b{next(n)}", a, chunks=chunks, compressors=BloscCodec(cname=cname, shuffle=shuffle, clevel=5))
for fill in [float("nan"), float("inf"), -1.5]:
    keep(f"n{next(n)}", values("float32", (3,)), chunks=(2,), fill_value=fill)
    keep(f"n{next(n)}", values("float64", (3,)), chunks=(2,), fill_value=fill, zarr_format=2)
keep(f"n{next(n)}", values("int64", (3,)), chunks=(2,), fill_value=-2 ** 63)
keep(f"n{next(n)}", values("uint64", (3,)), chunks=(2,), fill_value=2 ** 64 - 1, zarr_format=2)
for version in [2, 3]:
    group = zarr.create_group(f"{ours}/g{version}", zarr_format=version, attributes={"x": 1})
    group.create_array("a", shape=(2,), dtype="uint8")
    group.create_group("b").create_array("c", shape=(2,), dtype="uint8")
    zarr.consolidate_metadata(f"{ours}/g{version}")
`;

const CODECS: ZarrCodec[] = [
  "none",
  "gzip",
  "zstd",
  { name: "zstd", level: 5, checksum: true },
  "blosc",
  { name: "blosc", cname: "zstd", clevel: 3 },
  { name: "blosc", cname: "zlib", shuffle: "noshuffle" },
];

/** Elements that repeat somewhat, with all bits in use. */
function valuesOf(dtype: DType, shape: number[]): NDArray {
  const { lanes, array, bytes } = ELEMENTS[dtype];
  const data = new array(
    new ArrayBuffer(countElements(shape) * bytes),
    0,
    countElements(shape) * lanes,
  );
  for (let i = 0; i < data.length; i++) {
    const value = dtype === "bool" ? i % 3 % 2 : i * 37 % 101;
    data[i] = data instanceof BigInt64Array || data instanceof BigUint64Array
      ? BigInt(value)
      : value;
  }
  return { data, shape, dtype };
}

function cases(): { options: CreateZarrOptions; isAppended?: boolean }[] {
  const dtypes = (Object.keys(ELEMENTS) as DType[]).filter((dtype) => !areTimes(dtype));
  const versions = [2, 3] as const;
  const base = { shape: [5, 7], chunks: [2, 4], dtype: "uint16" as DType };
  return [
    ...dtypes.flatMap((dtype) =>
      versions.map((version) => ({ options: { ...base, dtype, version } }))
    ),
    ...CODECS.flatMap((codec) => [
      ...versions.map((version) => ({ options: { ...base, version, codec }, isAppended: true })),
      { options: { shape: [400, 300], chunks: [400, 300], dtype: "int32" as DType, codec } },
      { options: { ...base, shards: [4, 8], codec }, isAppended: true },
      {
        options: {
          shape: [1000],
          chunks: [10],
          shards: [200],
          dtype: "float64" as DType,
          codec,
          fillValue: NaN,
        },
      },
    ]),
    ...versions.map((version) => ({
      options: { shape: [], chunks: [], dtype: "int8" as DType, version },
    })),
    { options: { ...base, dtype: "int64", fillValue: -(2n ** 63n), version: 2 } },
    { options: { ...base, dtype: "uint64", fillValue: 2n ** 64n - 1n } },
    {
      options: {
        ...base,
        dtype: "float32",
        fillValue: -Infinity,
        version: 2,
        attributes: { big: 2n ** 60n + 1n },
      },
    },
    {
      options: {
        ...base,
        dimensionNames: ["y", null],
        attributes: { big: 2n ** 60n + 1n, unit: ["µm"] },
      },
    },
  ];
}

function bytesOf({ data: { buffer, byteOffset, byteLength } }: NDArray): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

function sumOf(array: NDArray): string {
  return createHash("sha256").update(bytesOf(array)).digest("hex");
}

Deno.test({
  name:
    `zarr of Python opens what is written, and what it writes, or appends, is opened here${why}`,
  ignore,
  async fn() {
    const root = await tempRoot();
    await compare(root).finally(() => root.remove());
  },
});

async function compare(root: TempRoot): Promise<void> {
  const [theirs, ours] = [root.join("theirs"), root.join("ours")];
  await mkdir(theirs);
  await mkdir(ours);
  const files = createLocalFiles({ root: theirs });
  const store = zarrStore(files);
  const written = new Map<string, NDArray>();
  for (const [number, { options, isAppended = false }] of cases().entries()) {
    const path = `a${number}`;
    const values = valuesOf(options.dtype, [...options.shape]);
    const empty = isAppended ? [0, ...options.shape.slice(1)] : options.shape;
    const array = await createZarrArray(store, path, { ...options, shape: empty });
    if (isAppended) {
      const row = countElements(values.shape.slice(1));
      for (const [from, to] of [[0, 1], [1, values.shape[0]]]) {
        const data = values.data.slice(from * row, to * row) as Uint16Array;
        await array.append({ ...values, data, shape: [to - from, ...values.shape.slice(1)] });
      }
    } else await array.write(values);
    written.set(path, values);
  }
  await createZarrGroup(store, "group", { attributes: { x: 1 } });
  await createZarrArray(store, "group/a", { shape: [2], chunks: [2], dtype: "uint8" });
  await createZarrGroup(store, "group/b");

  const output = await runPython(python!, PROGRAM, [
    theirs,
    ours,
    JSON.stringify([...written.keys()]),
  ]);
  const [read, own] = output.split("--\n").map((part) =>
    part.trim().split("\n").map((line) => JSON.parse(line))
  );
  assertEquals(read.pop(), [["a", "b"], { x: 1 }]);
  assertEquals(
    read.map(([path, dtype, shape, sum]) => [path, dtype, shape, sum]),
    [...written].map(([path, array]) => [path, array.dtype, array.shape, sumOf(array)]),
  );
  for (const [path, array] of written) {
    if (array.shape.length === 0) continue;
    const longer = await (await openZarrArray(store, path)).read();
    const row = bytesOf(array).subarray(0, bytesOf(array).length / array.shape[0]);
    assertEquals(bytesOf(longer).equals(Buffer.concat([bytesOf(array), row])), true, path);
  }

  const itsFiles = createLocalFiles({ root: ours });
  const its = zarrStore(itsFiles);
  for (const [path, dtype, shape, sum, fill] of own) {
    const array = await openZarrArray(its, path);
    const found = await array.read();
    assertEquals([found.dtype, found.shape, sumOf(found), array.attributes], [dtype, shape, sum, {
      big: 2n ** 60n + 1n,
    }], path);
    const copy = await createZarrArray(zarrStore(files), `copies/${path}`, {
      shape: [1],
      chunks: [1],
      dtype,
      fillValue: array.fillValue,
    });
    assertEquals(bytesOf(await copy.read()).toString("hex"), fill, path);
  }
  for (const version of [2, 3]) {
    const group = await openZarrGroup(its, `g${version}`);
    assertEquals([group.version, group.attributes], [version, { x: 1 }]);
    assertEquals((await group.children()).map(({ path, kind }) => [path, kind]), [
      [`g${version}/a`, "array"],
      [`g${version}/b`, "group"],
    ]);
  }
}
