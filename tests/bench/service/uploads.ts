// Uploads into a service of its own process, over a registry on a disk, and how much memory that
// took: many at once, one that is huge, and one whose client is killed on the way.
import fs from "node:fs";
import { join } from "node:path";
import { openRegistry } from "../../../mod.ts";
import { spawnDeno } from "../../support/run_deno.ts";
import { type WatchedProcess, watchProcess } from "../../support/watch_process.ts";
import { type BenchSettings, type Group, type Measure, timed } from "../measure.ts";
import { MIB } from "../values.ts";

const PIECE = new Uint8Array(64 * 1024).map((_, i) => i * 31);

function bodyOf(mib: number): ReadableStream<Uint8Array> {
  let left = mib * MIB;
  return new ReadableStream({
    pull(controller) {
      if (left === 0) return controller.close();
      controller.enqueue(PIECE.subarray(0, Math.min(left, PIECE.byteLength)));
      left -= Math.min(left, PIECE.byteLength);
    },
  }, { highWaterMark: 0 });
}

async function send(url: string, init: RequestInit, status: number): Promise<Response> {
  const answer = await fetch(url, { duplex: "half", ...init } as RequestInit);
  const text = await answer.text();
  if (answer.status !== status) throw new Error(`${init.method} ${url}: ${answer.status} ${text}`);
  return answer;
}

export interface BenchedService extends AsyncDisposable {
  url: string;
  pid: number;
  peakRssMib(): number;
}

/** Starts `holdfast serve` on a folder, or a bucket whose variables are in `env`. */
export async function startService(
  location: string,
  options: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<BenchedService> {
  const args = ["serve", "-r", location, "--port", "0", "--json", ...options];
  const child = spawnDeno("apps/cli.ts", args, { permissions: ["-A"], env });
  const watched: WatchedProcess = watchProcess(child);
  const [line] = await watched.lines(1);
  return {
    url: JSON.parse(line).url.replace(/\/$/, ""),
    pid: child.pid,
    peakRssMib: () => peakRssMib(child.pid),
    [Symbol.asyncDispose]: async () => void await watched.stop("SIGTERM"),
  };
}

/** Returns the most memory of a process so far. */
export function peakRssMib(pid: number): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024);
}

// deno-lint-ignore require-await -- like the other groups
export async function createUploadsGroup(
  { folder, largeMib, quick }: BenchSettings,
): Promise<Group> {
  const many = quick ? 50 : 1000;
  const hugeMib = quick ? 64 : 4096;
  const artifactMib = quick ? 64 : Math.min(largeMib, 1024);
  const root = join(folder, "served");

  /** A measure with a service of its own, so that its memory is that of this alone. */
  function measured(
    name: string,
    mib: number,
    run: (service: BenchedService) => Promise<void>,
    options: readonly string[] = [],
  ): Measure {
    let rss = 0;
    return {
      name,
      count: mib,
      unit: "MiB",
      async run() {
        fs.rmSync(root, { recursive: true, force: true });
        await initRegistry(root);
        await using service = await startService(root, options);
        const time = await timed(() => run(service));
        rss = service.peakRssMib();
        return time;
      },
      facts: () => ({ "most memory of the service, MiB": rss }),
    };
  }

  const inParallel = async (each: (n: number) => Promise<void>) =>
    void await Promise.all(Array.from({ length: many }, (_, n) => each(n)));

  return {
    measures: [
      measured(
        `POST /upload, ${many} of 1 MiB at once`,
        many,
        ({ url }) =>
          inParallel(async (n) => {
            await send(`${url}/upload?name=many/${n}`, { method: "POST", body: bodyOf(1) }, 201);
          }),
      ),
      measured(
        `POST /contents, ${many} of 1 MiB at once`,
        many,
        ({ url }) =>
          inParallel(async () => {
            await send(`${url}/contents`, { method: "POST", body: bodyOf(1) }, 201);
          }),
      ),
      measured(`tus, ${many} of 1 MiB at once`, many, ({ url }) =>
        inParallel(async () => {
          const path = await begin(url, MIB);
          await patch(path, 0, bodyOf(1));
        })),
      measured(`POST /upload, one of ${hugeMib} MiB`, hugeMib, async ({ url }) => {
        await send(`${url}/upload?name=huge`, { method: "POST", body: bodyOf(hugeMib) }, 201);
      }),
      measured(
        `tus, one of ${hugeMib} MiB whose client is killed halfway`,
        hugeMib,
        async ({ url }) => {
          const path = await begin(url, hugeMib * MIB);
          await patch(path, 0, cutOff(hugeMib / 2)).catch(() => {});
          const head = await send(path, { method: "HEAD", headers: TUS }, 200);
          const offset = Number(head.headers.get("upload-offset"));
          if (offset < (hugeMib / 2 - 64) * MIB) throw new Error(`only ${offset} bytes were kept`);
          await patch(path, offset, bodyOf((hugeMib * MIB - offset) / MIB));
        },
      ),
      measured(`serve --mlflow, an artifact of ${artifactMib} MiB`, artifactMib, ({ url }) => {
        return logArtifact(`${url}/api/2.0`, artifactMib);
      }, ["--mlflow"]),
    ],
    [Symbol.asyncDispose]: async () =>
      void await fs.promises.rm(root, { recursive: true, force: true }),
  };
}

/** Logs a file to a new run of MLflow, and ends the run. */
async function logArtifact(api: string, mib: number): Promise<void> {
  const post = async (route: string, body: unknown) => {
    const init = { method: "POST", headers: { "content-type": "application/json" } };
    const answer = await fetch(`${api}/mlflow/${route}`, { ...init, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${route}: ${answer.status} ${await answer.text()}`);
    return await answer.json();
  };
  const { experiment_id } = await post("experiments/create", { name: "bench" });
  const { run: { info } } = await post("runs/create", { experiment_id });
  const folder = `${api}/mlflow-artifacts/artifacts/${info.artifact_uri.split(":/")[1]}`;
  await send(`${folder}/large.bin`, { method: "PUT", body: bodyOf(mib) }, 200);
  await post("runs/update", { run_id: info.run_id, status: "FINISHED" });
}

/** A body that breaks off after so many MiB. */
function cutOff(mib: number): ReadableStream<Uint8Array> {
  const reader = bodyOf(mib).getReader();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.error(new Error("killed"));
      else controller.enqueue(value);
    },
  }, { highWaterMark: 0 });
}

const TUS = { "tus-resumable": "1.0.0" };

async function begin(url: string, bytes: number): Promise<string> {
  const answer = await send(
    `${url}/uploads`,
    { method: "POST", headers: { ...TUS, "upload-length": `${bytes}` } },
    201,
  );
  return `${url}/${answer.headers.get("location")}`;
}

async function patch(path: string, offset: number, body: BodyInit): Promise<void> {
  const type = { "content-type": "application/offset+octet-stream", "upload-offset": `${offset}` };
  await send(path, { method: "PATCH", headers: { ...TUS, ...type }, body }, 204);
}

async function initRegistry(path: string): Promise<void> {
  await (await openRegistry(path))[Symbol.asyncDispose]();
}
