// Reads through the service, beside a server that answers every request with the same bytes.
import { join } from "node:path";
import { openRegistry } from "../../../mod.ts";
import { runDeno, spawnDeno } from "../../support/run_deno.ts";
import { type WatchedProcess, watchProcess } from "../../support/watch_process.ts";
import type { BenchSettings, Group, Measure, Timing } from "../measure.ts";
import { FILE_BYTES } from "./served_process.ts";

const PROGRAMS = {
  server: "tests/bench/service/served_process.ts",
  load: "tests/bench/service/load_process.ts",
};
const CONNECTIONS = 32;
const FLOOR = "floor: Deno.serve that answers with the same 200 bytes";

interface Served {
  process: WatchedProcess;
  questions: WritableStreamDefaultWriter<Uint8Array>;
  port: number;
  lines: number;
}

/** One file of 200 bytes, asked for by 32 connections of a process of its own. */
export async function createServiceGroup({ folder, operations }: BenchSettings): Promise<Group> {
  const requests = operations * 40; // 20,000 unless told otherwise
  const stored = join(folder, "served");
  const registry = await openRegistry(stored, { durability: "os" });
  await registry.save("bench/value", new Uint8Array(FILE_BYTES).fill(97));
  const { files: [{ path }], commit } = await registry.info("bench/value");
  await registry[Symbol.asyncDispose]();
  const constant = await serve("constant");
  const service = await serve(stored);
  const listening = await serve(stored, "node");
  const file = `/artifacts/bench%2Fvalue/versions/1.0.0/files/${path}`;
  const latest = `/artifacts/bench%2Fvalue/versions/latest/files/${path}`;
  const measures = [
    measure(FLOOR, constant, "/"),
    measure("a file of an exact version", service, file, { floor: FLOOR }),
    measure("the same through holdfast serve, which listens by node:http", listening, file, {
      floor: FLOOR,
    }),
    measure("the same by commit", service, `${latest}?commit=${commit}`, { floor: FLOOR }),
    measure("the same by latest, from the disk", service, latest, { floor: FLOOR, part: 0.1 }),
    measure(
      "info of a version, from the disk",
      service,
      "/artifacts/bench%2Fvalue/versions/1.0.0",
      {
        floor: FLOOR,
        part: 0.1,
      },
    ),
  ];
  return {
    measures,
    async [Symbol.asyncDispose]() {
      await Promise.all(
        [constant, service, listening].map(({ process }) => process.stop("SIGTERM")),
      );
    },
  };

  function measure(
    name: string,
    served: Served,
    path: string,
    { floor, part = 1 }: { floor?: string; part?: number } = {},
  ): Measure {
    const count = Math.ceil(requests * part);
    let load = 0;
    return {
      name,
      count,
      unit: "op",
      floor,
      async run() {
        const before = await cpuOf(served);
        const asked = [String(served.port), path, String(CONNECTIONS), String(count)];
        const { code, stdout, stderr } = await runDeno(PROGRAMS.load, asked, {
          permissions: ["-A", "--no-check"],
        });
        if (code !== 0) throw new Error(`Cannot measure: the load ended with ${code}\n${stderr}`);
        const { wallMs, cpuMs }: Timing = JSON.parse(stdout);
        load = cpuMs / wallMs;
        return { wallMs, cpuMs: await cpuOf(served) - before };
      },
      facts: () => ({ "processors of the load": load.toFixed(2) }),
    };
  }
}

async function serve(...what: string[]): Promise<Served> {
  const child = spawnDeno(PROGRAMS.server, what, { permissions: ["-A", "--no-check"] });
  const process = watchProcess(child);
  const [port] = await process.lines(1);
  return { process, questions: child.stdin.getWriter(), port: Number(port), lines: 1 };
}

/** Processor time that a server took so far, milliseconds. */
async function cpuOf(served: Served): Promise<number> {
  await served.questions.write(new TextEncoder().encode("\n"));
  served.lines++;
  return Number((await served.process.lines(served.lines)).at(served.lines - 1));
}
