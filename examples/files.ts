// The same lines on four kinds of stores: planes of a small plate are saved by path, listed,
// mirrored with links and read back. Run it with `deno run -A examples/files.ts`.
import { createMemoryBackend } from "@holdfast/holdfast";
import { createBucketFiles, createFileManager, createFileStores } from "@holdfast/holdfast/files";

const root = await Deno.makeTempDir();
await using stores = createFileStores({ root });
// A bucket is the same with `await openBackend("s3://bucket/prefix")` of "@holdfast/holdfast/backends".
stores.register("bucket", () => createBucketFiles({ backend: createMemoryBackend() }));
const manager = createFileManager(stores);

for (const name of ["memory", "disk", "bucket", "zarr"]) {
  const files = await manager.on(name);
  const planes = ["A01_w10", "A01_w2", "B01_w2"].map((plane, i) => ({
    path: `plate/${plane}.npy`,
    value: { data: new Uint16Array(64 * 64).fill(i), shape: [64, 64], dtype: "uint16" },
  }));
  const { failed } = await files.saveBatch(planes);
  await files.save("plate/about.json", { wells: 2, channels: 2 });
  await files.mirrorDirectoryWithSymlinks("plate", "work/plate");
  const paths = await files.listFiles("work/plate", { pattern: "A01_*", extensions: [".npy"] });
  const { results } = await files.loadBatch(paths);
  const { wells } = await files.load<{ wells: number }>("work/plate/about.json");
  console.log(
    `${name}: ${failed.length} failed, ${wells} wells, ${
      paths.join(" ")
    }: ${results.length} planes`,
  );
}
await Deno.remove(root, { recursive: true });
