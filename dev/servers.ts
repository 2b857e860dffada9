// Real servers to try things on: `deno task servers` builds the object stores that are missing,
// starts them, and Redis and PostgreSQL where they are installed, on loopback, says how to reach
// them, and ends them with Ctrl-C. What cannot be started is said. `--install` only builds; names
// after it say which, as in `--install s5cmd`.
import { findServer, serversFolder } from "../tests/support/servers/find_server.ts";
import { programProblem, startProgram } from "../tests/support/servers/programs/program_tests.ts";
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
  const install = () => installServers(folder, names.length === 0 ? undefined : names);
  if (only) {
    await install();
    return console.log(`The servers are in ${folder}`);
  }
  if (names.length > 0) throw new Error(`Cannot start ${names[0]}: pass no words, or --install`);
  await install().catch((error) =>
    console.error(`${(error as Error).message}; the others are started`)
  );
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => stop());
  await using running = new AsyncDisposableStack();
  for (const kind of REAL_SERVERS) {
    if (findServer(kind) === undefined) console.error(`\n${kind} is not built`);
    else console.log(describe(running.use(await startServer(kind))));
  }
  for (const kind of ["redis", "postgres"] as const) {
    const problem = programProblem(kind);
    if (problem !== undefined) console.error(`\n${problem}`);
    else console.log(describeProgram(kind, running.use(await startProgram(kind)).url));
  }
  console.log("\nTheir data is gone when they end: with Ctrl-C.");
  await stopped;
}

function describeProgram(kind: string, url: string): string {
  const events = kind === "redis" ? [`  await openEventBus("${url}")`] : [];
  return [`\n${kind}  ${url}`, `  holdfast jobs ls --queue ${url}`, ...events].join("\n");
}

function describe(
  { kind, protocol, endpoint, bucket, region, accessKey, secretKey }: RunningServer,
): string {
  const heading = `\n${kind}  ${endpoint}  bucket ${bucket}`;
  if (protocol === "gcs") {
    return `${heading}\n  holdfast ls "gs://${bucket}/demo?endpoint=${endpoint}"`;
  }
  const provider = kind === "minio" ? "minio" : "s3";
  const stem = `${provider}_${bucket}`.toUpperCase();
  const variables = [
    `${stem}_ENDPOINT=${endpoint} ${stem}_ACCESS_KEY=${accessKey}`,
    `${stem}_SECRET_KEY=${secretKey} ${stem}_REGION=${region}`,
  ];
  return [
    heading,
    `  export ${variables.join(" ")}`,
    `  holdfast ls "${provider}://${bucket}/demo"`,
  ].join("\n");
}
