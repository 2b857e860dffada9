// Reads through the service, beside presigned URLs of MinIO for the same bytes.
import fs from "node:fs";
import { join } from "node:path";
import { openRegistry } from "../../../mod.ts";
import { createServerStore } from "../../servers/server_world.ts";
import { runDeno } from "../../support/run_deno.ts";
import { findServer, startServer } from "../../support/servers/mod.ts";
import type { BenchSettings, Group, Measure, Timing } from "../measure.ts";
import { randomBytes } from "../values.ts";
import { type BenchedService, startService } from "./uploads.ts";

const LOAD = "tests/bench/service/load_process.ts";
const CONNECTIONS = 20;
/** Sizes of the objects, and their share of the requests of a run. */
const SIZES: [title: string, bytes: number, share: number][] = [
  ["1 KiB", 1024, 1],
  ["64 KiB", 64 * 1024, 0.3],
  ["8 MiB", 8 * 1024 * 1024, 0.02],
];

/** A server and its processes. */
export interface Served {
  port: number;
  pids: number[];
}

export function served({ url, pid }: BenchedService): Served {
  const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  const pids = [pid, ...children.trim().split(/\s+/).filter(Boolean).map(Number)];
  return { port: Number(new URL(url).port), pids };
}

/** Each request by 20 connections from a separate process. Without MinIO, the service alone. */
export async function createServiceGroup(
  { folder, operations }: BenchSettings,
): Promise<Group> {
  const requests = operations * 20; // 10,000 unless told otherwise
  await using running = new AsyncDisposableStack();
  const minio = findServer("minio") && running.use(await startServer("minio"));
  const bucket = minio && running.use(createServerStore(minio, {}));
  const stored = join(folder, "served");
  await using registry = await openRegistry(stored, { durability: "os" });
  const service = served(running.use(await startService(stored)));
  const several = served(running.use(await startService(stored, ["--processes", "2"])));
  const measures: Measure[] = [];
  for (const [title, size, share] of SIZES) {
    const bytes = randomBytes(size);
    const count = Math.ceil(requests * share);
    const name = `bench/of-${size}`;
    const { commit } = await registry.save(name, bytes);
    const [file] = (await registry.info(name)).files;
    const path = `/artifacts/${encodeURIComponent(name)}/versions`;
    const floor = bucket && `MinIO: GET of ${title}`;
    if (bucket) {
      await bucket.put(name, bytes);
      const url = new URL(await bucket.presign!(name, { expiresInMs: 3_600_000 }));
      measures.push(
        measure(
          floor!,
          { port: minio!.port, pids: [minio!.pid] },
          url.pathname + url.search,
          count,
        ),
      );
    }
    const exact = `${path}/1.0.0/files/${file!.path}`;
    measures.push({ ...measure(`the service: GET of ${title}`, service, exact, count), floor });
    const both = measure(`two processes: GET of ${title}`, several, exact, count);
    measures.push({ ...both, floor });
    if (measures.length > 3) continue;
    const byCommit = `${path}/latest/files/${file!.path}?commit=${commit}`;
    measures.push({ ...measure("the same by its commit", service, byCommit, count), floor });
    measures.push(measure("info of a version", service, `${path}/1.0.0`, count));
  }
  const all = running.move();
  return { measures, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Sends so many requests. Processor time is that of the server. */
export function measure(
  name: string,
  { port, pids }: Served,
  path: string,
  count: number,
  connections = CONNECTIONS,
): Measure {
  let load = 0;
  return {
    name,
    count,
    unit: "op",
    async run() {
      const before = cpuOf(pids);
      const asked = [String(port), path, String(connections), String(count)];
      const { code, stdout, stderr } = await runDeno(LOAD, asked, { permissions: ["-A"] });
      if (code !== 0) throw new Error(`Cannot measure: the load ended with ${code}\n${stderr}`);
      const { wallMs, cpuMs }: Timing = JSON.parse(stdout);
      load = cpuMs / wallMs;
      return { wallMs, cpuMs: cpuOf(pids) - before };
    },
    facts: () => ({ "processors of the load": load.toFixed(2) }),
  };
}

/** Processor time that servers took so far, milliseconds; on Linux. */
export function cpuOf(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    const [user, system] = stat.slice(stat.lastIndexOf(")")).split(" ").slice(12, 14);
    return Number(user) + Number(system);
  });
  return ticks.reduce((sum, each) => sum + each * 10, 0); // ticks of 10 ms
}
