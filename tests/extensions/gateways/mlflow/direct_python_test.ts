// Artifacts that MLflow's own clients read from the bucket, in parts.
import { assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { SIGNING_KEY } from "../../../backends/gcs/signing_key.ts";
import { testOnServers } from "../../../servers/server_world.ts";
import { REAL_SERVERS } from "../../../support/servers/mod.ts";
import { type Client, pythonOf, serveMlflow } from "./serve_mlflow.ts";

const PROGRAM = `
import os, mlflow
from mlflow import MlflowClient
c = MlflowClient()
mlflow.set_experiment("team/digits")
big = os.urandom(5_000_000)
open("big.bin", "wb").write(big)
open("small.txt", "w").write("small")
with mlflow.start_run() as run:
    id = run.info.run_id
    mlflow.log_artifact("big.bin")
    mlflow.log_artifact("small.txt")
    print("open", open(c.download_artifacts(id, "big.bin", "."), "rb").read() == big)
print("ended", open(c.download_artifacts(id, "big.bin", "."), "rb").read() == big)
print(open(c.download_artifacts(id, "small.txt", ".")).read())
`;

/** The newest client asks the service, an earlier one its user; uploads in parts are refused there. */
const SETTINGS: [Client, Record<string, string>][] = [
  ["new", {}],
  ["new", { MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD: "true" }],
  ["3.12", { MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD: "true" }],
];

testOnServers("clients of MLflow read parts from the bucket", REAL_SERVERS, async (world) => {
  const isGcs = world.server.kind === "fake-gcs"; // which answers only at its own address
  const store = isGcs ? world.store({ gcs: { credentials: SIGNING_KEY } }) : world.proxied();
  await using service = await serveMlflow({ store });
  for (const [client, settings] of SETTINGS) {
    if (!existsSync(pythonOf(client))) continue;
    const from = world.proxy.requests.length;
    const lines = await service.run(client, PROGRAM, {
      MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE: "2000000",
      MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE: "1000000",
      ...settings,
    });
    assertEquals(lines, ["open True", "ended True", "small"], client);
    if (isGcs) continue;
    const direct = world.proxy.requests.slice(from)
      .filter(({ url }) => url.includes("X-Amz-Signature"));
    assertEquals(direct.map(({ headers: { range } }) => range).sort(), [
      "bytes=0-1999999",
      "bytes=2000000-3999999",
      "bytes=4000000-4999999",
    ], client);
    assertEquals(direct.filter(({ headers }) => headers.authorization !== undefined), []);
  }
});
