import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { createS3Configs } from "../../../backends/s3_configs.ts";
import { parsePrefixUrl } from "../../../backends/s3_configs/bucket_url.ts";
import { listObjects } from "../../../backends/s3_configs/transfer.ts";

Deno.test("a bucket URL lists everything, with and without a slash", async () => {
  const backend = createMemoryBackend();
  for (const key of ["a", "folder/b"]) await backend.put(key, new Uint8Array(1));
  for (const url of ["minio://bucket", "minio://bucket/"]) {
    const { key } = parsePrefixUrl(url);
    const found = listObjects({ url, key, open: () => Promise.resolve(backend) }, {});
    const urls = await Array.fromAsync(found, (object) => object.url);
    assertEquals(urls, ["minio://bucket/a", "minio://bucket/folder/b"]);
  }
});

Deno.test("a list takes the URL of a bucket", () => {
  const configs = createS3Configs();
  for (const url of ["minio://bucket", "minio://bucket/", "minio://bucket/folder/"]) {
    configs.list(url);
  }
});
