// One large file that MLflow's client logs: to `serve --mlflow`, and to MLflow's own server.
import { execFile } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { openRegistry } from "../../../mod.ts";
import { pythonOf, serveTheirs } from "../../extensions/gateways/mlflow/serve_mlflow.ts";
import { type BenchSettings, type Group, type Measure, timed, type Timing } from "../measure.ts";
import { MIB } from "../values.ts";
import { peakRssMib, startService } from "./uploads.ts";

/** Logs the file to a new run. The start of the program is not part of the time. */
const LOG = `
import json, sys, time
import mlflow
mlflow.set_experiment("bench")
begun, cpu = time.perf_counter(), time.process_time()
with mlflow.start_run():
    mlflow.log_artifact(sys.argv[1], "model")
wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
with open("/proc/self/status") as status: most = int(status.read().split("VmHWM:")[1].split()[0]) // 1024
print("\\n" + json.dumps({"wallMs": 1000 * wall, "cpuMs": 1000 * cpu, "most": most}))
`;

export async function createMlflowModelGroup(
  { folder, quick, largeMib }: BenchSettings,
): Promise<Group> {
  const mib = quick ? 64 : Math.min(largeMib, 1024);
  const source = join(folder, "model.bin"), copy = join(folder, "copy.bin");
  await writeFile(source, mib);
  const floor = `floor: a copy of ${mib} MiB, with fsync`;

  /** A measure with a server of its own. */
  function logged(name: string, serve: () => Promise<AsyncDisposable & Served>): Measure {
    let ofServer = 0, ofClient = 0;
    return {
      name,
      count: mib,
      unit: "MiB",
      floor,
      async run() {
        await using server = await serve();
        const env = { ...process.env, MLFLOW_TRACKING_URI: server.url, ...CLIENT };
        const args = ["-c", LOG, source];
        const { stdout } = await promisify(execFile)(pythonOf("new"), args, { env });
        const { most, ...timing } = JSON.parse(stdout.trim().split("\n").at(-1)!);
        ofServer = Math.max(ofServer, peakRssMib(server.pid));
        ofClient = Math.max(ofClient, most);
        return timing as Timing;
      },
      facts: () => ({
        "most memory of the server, MiB": ofServer,
        "most memory of the client, MiB": ofClient,
      }),
    };
  }

  return {
    measures: [
      { name: floor, count: mib, unit: "MiB", run: () => timed(() => copyFile(source, copy)) },
      logged("MLflow's client, to serve --mlflow", async () => {
        const root = join(folder, "registry");
        fs.rmSync(root, { recursive: true, force: true });
        await (await openRegistry(root))[Symbol.asyncDispose]();
        return await startService(root, ["--mlflow"]);
      }),
      logged("the same, to MLflow's server", () => serveTheirs("new")),
    ],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

interface Served {
  readonly url: string;
  readonly pid: number;
}

/** Variables of MLflow's client. */
export const CLIENT = { MLFLOW_DISABLE_TELEMETRY: "true", GIT_PYTHON_REFRESH: "quiet" };

/** Writes bytes that no file system compresses. */
export async function writeFile(path: string, mib: number): Promise<void> {
  const file = await fs.promises.open(path, "wx");
  for (let n = 0; n < mib; n++) {
    const block = new Uint8Array(MIB);
    for (let at = 0; at < MIB; at += 65_536) {
      crypto.getRandomValues(block.subarray(at, at + 65_536));
    }
    await file.write(block);
  }
  await file.close();
}

/** Copies by reads and writes: the file system could share the blocks of the source. */
async function copyFile(source: string, target: string): Promise<void> {
  const file = await fs.promises.open(target, "w");
  for await (const block of fs.createReadStream(source, { highWaterMark: MIB })) {
    await file.write(block);
  }
  await file.sync();
  await file.close();
}
