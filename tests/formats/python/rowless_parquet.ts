// Parquet files of PyArrow in which row groups have no rows, with the rows that PyArrow reads.
import { runPython } from "../../support/numpy.ts";
import { tempRoot } from "../../support/temp_root.ts";

const PROGRAM = `
import json, random, sys
import pyarrow as pa, pyarrow.parquet as pq
folder, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
KINDS = {
    "i": (pa.int64(), lambda r: r.randrange(1000)),
    "n": (pa.int32(), lambda r: r.randrange(1000)),
    "s": (pa.string(), lambda r: r.choice(["x", "yy", ""])),
    "f": (pa.float64(), lambda r: r.randrange(1000) / 8),
    "b": (pa.bool_(), lambda r: r.random() < 0.5),
    "l": (pa.list_(pa.string()), lambda r: [r.choice(["x", "y"]) for _ in range(r.randrange(3))]),
    "d": (pa.dictionary(pa.int8(), pa.string()), lambda r: r.choice(["red", "blue"])),
}
told = {}
for seed in range(first, first + count):
    r = random.Random(seed)
    kinds = [r.choice("insfbd") for _ in range(r.randrange(1, 5))] + (["l"] if seed % 2 else [])
    schema = pa.schema([(f"{kind}{i}", KINDS[kind][0]) for i, kind in enumerate(kinds)])
    def table(rows):
        columns = [[None if r.random() < 0.2 else KINDS[kind][1](r) for _ in range(rows)] for kind in kinds]
        return pa.table([pa.array(values, KINDS[kind][0]) for kind, values in zip(kinds, columns)], schema=schema)
    name = f"{seed}.parquet"
    options = dict(
        compression=r.choice(["none", "snappy", "gzip", "zstd"]),
        use_dictionary=r.choice([True, False]),
        data_page_version=r.choice(["1.0", "2.0"]),
        version=r.choice(["1.0", "2.4", "2.6"]),
        write_statistics=r.choice([True, False]),
        write_page_index=r.choice([True, False]),
        write_page_checksum=r.choice([True, False]),
        store_schema=r.choice([True, False]),
    )
    groups = [r.choice([0, 0, 1, 3]) for _ in range(r.randrange(0, 6))]
    with pq.ParquetWriter(f"{folder}/{name}", schema, **options) as writer:
        for rows in groups:
            writer.write_table(table(rows))
    told[name] = {"made": f"{kinds} {groups} {options}", "rows": pq.read_table(f"{folder}/{name}").to_pylist()}
print(json.dumps(told))
`;

export interface RowlessFile {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
  /** How it was written. */
  made: string;
  rows: Record<string, unknown>[];
}

/** Writes a file for each seed. Those of odd seeds also have a column of lists. */
export async function writeRowless(
  python: string,
  { firstSeed, seeds }: { firstSeed: number; seeds: number },
): Promise<RowlessFile[]> {
  const root = await tempRoot();
  try {
    const args = [root.path, String(firstSeed), String(seeds)];
    const told: Record<string, Omit<RowlessFile, "name" | "bytes">> = JSON.parse(
      await runPython(python, PROGRAM, args),
    );
    return await Promise.all(
      Object.entries(told).map(async ([name, file]) => {
        return { ...file, name, bytes: await Deno.readFile(root.join(name)) };
      }),
    );
  } finally {
    await root[Symbol.asyncDispose]();
  }
}
