// Bundles a Worker and runs it in workerd, with an R2 bucket that is kept in memory or in a folder.
import { Headers as HeadersOfNode, Miniflare } from "npm:miniflare@4.20260426.0";
import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { R2Binding } from "../../../backends/r2.ts";
import { writePageModule } from "../../../explorer/build.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";

export interface RunningWorker extends AsyncDisposable {
  /** A URL of each isolate. */
  urls: string[];
  fetch(path: string): Promise<{ status: number; text: string }>;
  /** Returns the bucket as a program outside Workers has it, as by `getPlatformProxy`. */
  proxy(): Promise<R2Binding>;
  /** Runs this, and returns the largest heap of the first isolate meanwhile, in MB. */
  heapDuring?(run: () => Promise<unknown>): Promise<Heap>;
}

export interface Heap {
  /** Objects of JavaScript. */
  objects: number;
  /** Bytes of buffers. */
  buffers: number;
  /** Both at the same time. */
  both: number;
  /** The largest memory of the whole process, with the emulated bucket. */
  process: number;
}

export interface WorkerOptions {
  /** @default 1 */
  isolates?: number;
  /** Variables and secrets. */
  bindings?: Record<string, string>;
  /** A folder for the bucket. @default memory */
  bucket?: string;
  /** Adds `heapDuring`. @default false */
  inspected?: boolean;
  /** Its `compatibility_flags`. @default nodejs_compat */
  flags?: string[];
}

/** The bundlers of Workers provide `require` of Node's modules, which some packages call. */
const REQUIRE =
  `import { createRequire } from "node:module"; const require = createRequire("/");\n`;

/** @param entry the module of the Worker, below the repository */
export async function bundleWorker(entry: string): Promise<string> {
  await writePageModule();
  await using root = await tempRoot();
  const script = root.join("worker.js");
  const flags = ["--quiet", "--platform", "browser", "--external", "node:*", "--output", script];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", ...flags, entry],
    cwd: REPOSITORY,
  }).output();
  if (!success) throw new Error(`Cannot bundle ${entry}: ${new TextDecoder().decode(stderr)}`);
  return REQUIRE + await readFile(script, "utf8");
}

/** @param contents what {@linkcode bundleWorker} returns */
export async function startWorker(
  contents: string,
  {
    isolates = 1,
    bindings = {},
    bucket,
    inspected = false,
    flags = ["nodejs_compat"],
  }: WorkerOptions = {},
): Promise<RunningWorker> {
  const names = Array.from({ length: isolates }, (_, at) => `isolate-${at}`);
  const worker = new Miniflare({
    workers: names.map((name) => ({
      name,
      modules: [{ type: "ESModule", path: "worker.js", contents }],
      r2Buckets: { BUCKET: "bucket" },
      bindings,
      compatibilityDate: "2026-04-01",
      compatibilityFlags: flags,
      unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    })),
    ...bucket === undefined ? {} : { r2Persist: bucket },
    handleRuntimeStdio(stdout: Readable, stderr: Readable) {
      stdout.resume(); // a line for each request
      stderr.on("data", (text) => console.error(String(text)));
    },
    ...inspected ? { inspectorPort: 0 } : {},
  });
  await worker.ready;
  const urls = await Promise.all(names.map((name) => worker.unsafeGetDirectURL(name)));
  return {
    urls: urls.map(({ origin }) => origin),
    async fetch(path) {
      const reply = await worker.dispatchFetch(`http://worker${path}`);
      return { status: reply.status, text: await reply.text() };
    },
    async proxy() {
      const bucket = await worker.getR2Bucket("BUCKET", names[0]) as unknown as R2Binding;
      const put: R2Binding["put"] = (key, value, { onlyIf, ...settings }) => {
        // Miniflare knows the class of Node alone.
        const only = onlyIf && { onlyIf: new HeadersOfNode([...onlyIf]) as unknown as Headers };
        return bucket.put(key, value, { ...settings, ...only });
      };
      return new Proxy(bucket, {
        get: (of, name: keyof R2Binding) => name === "put" ? put : of[name],
      });
    },
    ...inspected ? { heapDuring: watchHeap(await worker.getInspectorURL(), names[0]) } : {},
    [Symbol.asyncDispose]: () => worker.dispose(),
  };
}

function watchHeap(inspector: URL, name: string): RunningWorker["heapDuring"] {
  const url = `ws://${inspector.host}/core:user:${name}`;
  return async (run) => {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    const most: Heap = { objects: 0, buffers: 0, both: 0, process: 0 };
    const children = await new Deno.Command("pgrep", {
      args: ["-P", String(Deno.pid), "workerd"],
    }).output();
    const pid = new TextDecoder().decode(children.stdout).trim();
    await Deno.writeTextFile(`/proc/${pid}/clear_refs`, "5"); // the largest begins again
    const ask = () => socket.send(JSON.stringify({ id: 1, method: "Runtime.getHeapUsage" }));
    socket.onmessage = ({ data }) => {
      const { usedSize, backingStorageSize } = JSON.parse(data).result ?? {};
      if (usedSize === undefined) return;
      const [objects, buffers] = [usedSize / 1e6, backingStorageSize / 1e6];
      most.objects = Math.max(most.objects, objects);
      most.buffers = Math.max(most.buffers, buffers);
      most.both = Math.max(most.both, objects + buffers);
      ask();
    };
    ask();
    await run();
    socket.close();
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    most.process = Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1000;
    return most;
  };
}
