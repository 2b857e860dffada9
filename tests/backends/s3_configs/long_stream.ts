// Sends a long stream to a bucket and reads it back; says how much memory that took. A process of
// its own: the memory of tests that ran before does not count.
import process from "node:process";
import { createS3Configs } from "../../../backends/s3_configs.ts";
import { iterableStream } from "../../../core/bytes/bytes.ts";

const { bucket, mebibytes, ...config } = JSON.parse(process.argv[2]);
const configs = createS3Configs();
configs.register("minio", bucket, config);
const url = `minio://${bucket}/long`;

let peak = 0;
const onProgress = () => void (peak = Math.max(peak, process.memoryUsage().rss));

const chunk = new Uint8Array(2 ** 20).fill(1);
async function* chunks() {
  for (let i = 0; i < mebibytes; i++) yield await Promise.resolve(chunk);
}
await configs.upload(iterableStream(chunks()), url, { onProgress });

let size = 0;
for await (const part of await configs.download(url, { as: "stream", onProgress })) {
  size += part.byteLength;
}
console.log(JSON.stringify({ size, peakMebibytes: Math.round(peak / 2 ** 20) }));
