/**
 * Real object stores to try things on: `deno task servers` builds what is missing, starts them on loopback, says how to
 * reach them, and ends them with Ctrl-C. `--install` only builds; names after it say which, as in `--install s5cmd`.
 *
 * @module
 */
import { serversFolder } from "../tests/support/servers/find_server.ts";
import { REAL_SERVERS } from "../tests/support/servers/server_kinds.ts";
import { type RunningServer, startServer } from "../tests/support/servers/start_server.ts";
import { installServers } from "./servers/install_servers.ts";

const only = Deno.args.includes("--install");
const names = Deno.args.filter((word) => word !== "--install");
try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  Deno.exitCode = 1;
}

async function main(): Promise<void> {
  const folder = serversFolder();
  await installServers({ folder, binaries: names.length === 0 ? undefined : names, log: console.log });
  console.log(`The servers are in ${folder}`);
  if (only) return;
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => stop());
  await using running = new AsyncDisposableStack();
  for (const kind of REAL_SERVERS) console.log(describe(running.use(await startServer(kind))));
  console.log("\nTheir data is gone when they end: with Ctrl-C.");
  await stopped;
}

function describe({ kind, protocol, endpoint, bucket, region, accessKey, secretKey }: RunningServer): string {
  const heading = `\n${kind}  ${endpoint}  bucket ${bucket}`;
  if (protocol === "gcs") return `${heading}\n  holdfast ls "gs://${bucket}/demo?endpoint=${endpoint}"`;
  const provider = kind === "minio" ? "minio" : "s3";
  const variables = Object.entries({
    ENDPOINT: endpoint,
    ACCESS_KEY: accessKey,
    SECRET_KEY: secretKey,
    REGION: region,
  });
  const stem = `${provider}_${bucket}`.toUpperCase();
  return [
    heading,
    `  export ${variables.map(([name, value]) => `${stem}_${name}=${value}`).join(" ")}`,
    `  holdfast ls "${provider}://${bucket}/demo"`,
  ].join("\n");
}
