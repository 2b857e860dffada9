// Creates one object in a bucket, then nine at once, and prints the number of writes.
//
// Arguments: endpoint, and `ca` to trust another authority beside those of the environment.
import process from "node:process";
import tls from "node:tls";
import { createS3Backend } from "../../../backends/s3.ts";

const [endpoint, ca] = process.argv.slice(2);
const credentials = { accessKeyId: "a", secretAccessKey: "s" };
const backend = createS3Backend({
  bucket: "bucket",
  provider: "minio",
  endpoint,
  region: "r",
  credentials,
  ...(ca === undefined ? {} : { ca: tls.rootCertificates[0] }),
});
const create = (key: string) => backend.put(key, new Uint8Array(1), { mode: "create" });
const results = [await create("first")];
results.push(...await Promise.all(Array.from({ length: 8 }, (_, i) => create(`key${i}`))));
// The process ends without closing the backend.
console.log(`${results.filter(({ written }) => written).length} written`);
