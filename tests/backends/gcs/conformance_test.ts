import { createGcsBackend } from "../../../backends/gcs.ts";
import type { Backend } from "../../../core/backend.ts";
import { createBucketFiles } from "../../../files/bucket.ts";
import { testFileStore } from "../../conformance/files.ts";
import { testBackend } from "../../conformance/mod.ts";
import { kindsOfShare, serverTest, sharedServer } from "../../support/servers/mod.ts";
import { startStrictGcs } from "../../support/strict_gcs/mod.ts";
import { SIGNERS, SIGNING_KEY as credentials } from "./signing_key.ts";

const capabilities = ["copy", "deleteMany", "presign"] as const;
let places = 0;

/** In CI the suite runs on the server one day, on the strict fake the next. */
const stores = kindsOfShare("gcs", ["server", "strict fake"]);

if (stores.includes("server")) {
  testBackend(
    (name, run) => serverTest(name, "fake-gcs", run),
    async () => {
      const { endpoint, bucket } = await sharedServer("fake-gcs");
      return createGcsBackend({ bucket, endpoint, prefix: `conformance/${places++}`, credentials });
    },
    { name: "gcs", capabilities },
  );
}

testFileStore(
  (name, run) => serverTest(name, "fake-gcs", run),
  async () => {
    const { endpoint, bucket } = await sharedServer("fake-gcs");
    return createBucketFiles({
      backend: createGcsBackend({ bucket, endpoint, prefix: `files/${places++}`, credentials }),
    });
  },
  { name: "files in gcs" },
);

if (stores.includes("strict fake")) {
  testBackend(Deno.test, openStrict, { name: "gcs on the strict fake", capabilities });
}

/** A store of its own, with pages and rewrites so small that everything takes several calls. */
async function openStrict(): Promise<Backend> {
  const fake = await startStrictGcs({ signers: SIGNERS, pageSize: 7, rewriteBytes: 2000 });
  const backend = createGcsBackend({
    bucket: fake.bucket,
    endpoint: fake.endpoint,
    credentials,
    partBytes: 2 ** 20,
  });
  const close = backend[Symbol.asyncDispose];
  return Object.assign(backend, {
    async [Symbol.asyncDispose]() {
      await close();
      await fake[Symbol.asyncDispose]();
    },
  });
}
