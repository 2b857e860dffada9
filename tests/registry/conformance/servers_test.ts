import { createS3Backend } from "../../../backends/s3.ts";
import { realSystem } from "../../../core/system.ts";
import { testRegistry } from "../../conformance/registry.ts";
import { serverTest, sharedServer } from "../../support/servers/mod.ts";
import { openOn } from "./open_on.ts";

testRegistry((name, run) => serverTest(name, "minio", run), async (settings) => {
  const { endpoint, bucket, accessKey, secretKey, region } = await sharedServer("minio");
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
  const prefix = realSystem.id();
  return openOn(
    () => createS3Backend({ provider: "minio", endpoint, region, bucket, prefix, credentials }),
    settings,
  );
}, { name: "s3" });
