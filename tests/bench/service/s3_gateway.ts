// Reads of a file in MinIO by ranges: from MinIO alone, from the service, and over S3.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readTokens } from "../../../apps/server/access/token_file.ts";
import { createToken } from "../../../apps/server.ts";
import { createKey, readKey, secretOf } from "../../../extensions/gateways/s3/derived_secret.ts";
import { localPath, openRegistry } from "../../../mod.ts";
import { presignDownload } from "../../../extensions/transfers/mod.ts";
import { signer } from "../../extensions/gateways/s3/open_s3.ts";
import { createServerStore, locationOn } from "../../servers/server_world.ts";
import { runDeno } from "../../support/run_deno.ts";
import { startServer } from "../../support/servers/mod.ts";
import type { BenchSettings, Group, Measure, Timing } from "../measure.ts";
import { MIB, randomBytes } from "../values.ts";
import { walkMeasures } from "./s3_walk.ts";
import { cpuOf, measure as measureRequests, type Served, served } from "./service.ts";
import { startService } from "./uploads.ts";

const LOAD = "tests/bench/service/ranges_process.ts";
const READERS = 20;
const RANGE_BYTES = 8 * MIB;
const PREFIX = "s3-gateway";
const DAY_S = 24 * 3600;
/** Small requests to each service before it is measured. */
const WARM = 2000;

export async function createS3GatewayGroup(
  { folder, largeMib, operations, quick }: BenchSettings,
): Promise<Group> {
  const mib = quick ? 64 : Math.min(largeMib, 1024);
  await using running = new AsyncDisposableStack();
  const minio = running.use(await startServer("minio"));
  const store = running.use(createServerStore(minio, { prefix: PREFIX }));
  await using registry = await openRegistry(store, { cache: false });
  const source = join(folder, "large.bin");
  for (let at = 0; at < mib; at += 64) {
    await writeFile(source, randomBytes(64 * MIB), { flag: "a" });
  }
  const { version } = await registry.save("large", localPath(source));
  const [file] = (await registry.info("large")).files;

  const tokenFile = join(folder, "tokens.json"), keyFile = join(folder, "s3.key");
  const { token } = await createToken(tokenFile, { scopes: ["read:*"] });
  await createKey(keyFile);
  const [stored] = (await readTokens(tokenFile))!;
  const client = signer({
    accessKeyId: stored!.id,
    secretAccessKey: secretOf(await readKey(keyFile), stored!),
    sessionToken: undefined,
  });
  const { url: at, env } = locationOn(minio, PREFIX);
  const flags = ["--s3", "--tokens", tokenFile, "--s3-key", keyFile];
  const start = async (...more: string[]) => {
    const service = running.use(await startService(at, [...flags, ...more], env));
    return { url: service.url, ...served(service) };
  };
  const plain = await start(), redirecting = await start("--redirect");
  /** A presigned URL over S3, as any client of HTTP reads it. */
  const overS3 = async ({ url }: { url: string }) => {
    const key = `${url}/holdfast/large/@${version}/${file!.path}?X-Amz-Expires=${DAY_S}`;
    return (await client.sign(key, { aws: { signQuery: true } })).url;
  };

  const alone = "MinIO alone", own = "the service: GET of a file";
  const minioAlone = { port: minio.port, pids: [minio.pid] };
  /** Processor time is that of the service and of MinIO. */
  const measure = (
    name: string,
    url: string,
    { pids }: Served,
    { token = "", floor }: { token?: string; floor?: string } = {},
  ): Measure => {
    let load = 0;
    return {
      name,
      count: mib,
      unit: "MiB",
      floor,
      async run() {
        const all = [...new Set([...pids, minio.pid])];
        const before = cpuOf(all);
        const sizes = [READERS, mib * MIB, RANGE_BYTES].map(String);
        const { code, stdout, stderr } = await runDeno(LOAD, [url, token, ...sizes], {
          permissions: ["-A"],
        });
        if (code !== 0) throw new Error(`Cannot measure: the load ended with ${code}\n${stderr}`);
        const { wallMs, cpuMs }: Timing = JSON.parse(stdout);
        load = cpuMs / wallMs;
        return { wallMs, cpuMs: cpuOf(all) - before };
      },
      facts: () => ({ "processors of the load": load.toFixed(2) }),
    };
  };
  /** Runtimes compile a service while it answers its first requests. */
  const warm = async (url: string, headers: Record<string, string> = {}) => {
    for (let i = 0; i < WARM; i++) {
      const answer = await fetch(url, {
        headers: { range: "bytes=0-99", ...headers },
        redirect: "manual",
      });
      await answer.body?.cancel();
    }
  };
  const { url: direct } = await presignDownload(registry, "large", { expiresInMs: DAY_S * 1000 });
  const path = `/artifacts/large/versions/${version}/files/${file!.path}`;
  const ownUrl = `${plain.url}${path}`, authorization = `Bearer ${token}`;
  const redirectUrl = await overS3(redirecting), plainUrl = await overS3(plain);
  for (const url of [direct, redirectUrl, plainUrl]) await warm(url);
  await warm(ownUrl, { authorization });
  const { pathname, search } = new URL(redirectUrl);
  const redirects = operations * 8; // 4,000 unless told otherwise
  const measures = [
    measure(alone, direct, minioAlone),
    measure("over S3, by redirects", redirectUrl, redirecting, { floor: alone }),
    measureRequests("a redirect over S3", redirecting, pathname + search, redirects, 4),
    measure(own, ownUrl, plain, { token: authorization, floor: alone }),
    measure("over S3, through the service", plainUrl, plain, { floor: own }),
    ...walkMeasures(quick ? 5_000 : 100_000),
  ];
  const all = running.move();
  return { measures, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
