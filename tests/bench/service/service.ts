// Reads through the service, beside servers that answer with the same bytes.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createHandler } from "../../../apps/server.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { runDeno, spawnDeno } from "../../support/run_deno.ts";
import { type WatchedProcess, watchProcess } from "../../support/watch_process.ts";
import type { BenchSettings, Group, Measure, Timing } from "../measure.ts";
import type { BareAnswers } from "./served_process.ts";

const PROGRAMS = {
  server: "tests/bench/service/served_process.ts",
  load: "tests/bench/service/load_process.ts",
};
const CONNECTIONS = 20;
const SMALL_BYTES = 200;
const LARGE_BYTES = 64 * 1024 * 1024;

interface Served {
  process: WatchedProcess;
  questions: WritableStreamDefaultWriter<Uint8Array>;
  port: number;
  lines: number;
}

interface Asked {
  name: string;
  path: string;
  /** Requests of one run, as a part of all. @default 1 */
  part?: number;
  connections?: number;
}

/**
 * Each request by 20 connections of a process of its own, to four servers: the service and a bare
 * handler with the same bytes, on `Deno.serve` and on `node:http`, by which `holdfast serve`
 * listens.
 */
export async function createServiceGroup(
  { folder, operations, quick }: BenchSettings,
): Promise<Group> {
  const stored = join(folder, "served");
  const names = quick ? 200 : 10_000;
  const asked = await save(stored, names);
  const answers = join(folder, "answers.json");
  writeFileSync(answers, JSON.stringify(await answersOf(stored, folder, asked)));
  const servers = new Map<string, Served>();
  for (const what of ["bare", "service"]) {
    for (const how of ["deno", "node"]) {
      servers.set(`${what} ${how}`, await serve(what, how, stored, answers));
    }
  }
  const requests = operations * 20; // 10,000 unless told otherwise
  const measures = asked.flatMap((one) =>
    (["deno", "node"] as const).flatMap((how) => {
      const listener = how === "deno" ? "Deno.serve" : "node:http";
      const floor = `${one.name}: floor, a bare handler on ${listener}`;
      const named = (what: string) => servers.get(`${what} ${how}`)!;
      return [
        measure(floor, named("bare"), one, requests),
        { ...measure(`${one.name}: on ${listener}`, named("service"), one, requests), floor },
      ];
    })
  );
  return {
    measures,
    async [Symbol.asyncDispose]() {
      await Promise.all([...servers.values()].map(({ process }) => process.stop("SIGTERM")));
    },
  };
}

/** Saves what is asked for. */
async function save(stored: string, names: number): Promise<Asked[]> {
  const registry = await openRegistry(stored, { durability: "os" });
  await registry.save("bench/value", new Uint8Array(SMALL_BYTES).fill(97));
  await registry.save("bench/large", new Uint8Array(LARGE_BYTES).fill(97));
  const many = Array.from({ length: names }, (_, i) => `many/${String(i).padStart(5, "0")}`);
  await forEachAtOnce(many, (name) => registry.save(name, 1).then(() => {}));
  const { files: [{ path }], commit } = await registry.info("bench/value");
  const { files: [large] } = await registry.info("bench/large");
  await registry[Symbol.asyncDispose]();
  const versions = "/artifacts/bench%2Fvalue/versions";
  return [
    { name: "a file of 200 bytes", path: `${versions}/1.0.0/files/${path}` },
    { name: "the same by commit", path: `${versions}/latest/files/${path}?commit=${commit}` },
    { name: "info of a version", path: `${versions}/1.0.0` },
    { name: `100 of ${names} names`, path: "/names?prefix=many%2F&limit=100", part: 0.1 },
    {
      name: "a file of 64 MiB",
      path: `/artifacts/bench%2Flarge/versions/1.0.0/files/${large!.path}`,
      part: 0.001,
      connections: 1,
    },
  ];
}

/** Returns the answers of the service, for the bare handler. */
async function answersOf(
  stored: string,
  folder: string,
  asked: readonly Asked[],
): Promise<BareAnswers> {
  await using registry: Registry = await openRegistry(stored, { create: false, readOnly: true });
  await using handler = createHandler(registry);
  const answers: BareAnswers = {};
  for (const { path } of asked) {
    const answer = await handler(new Request(`http://127.0.0.1${path}`));
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (bytes.length < LARGE_BYTES) answers[path] = { base64: bytes.toBase64() };
    else {
      const file = join(folder, "large");
      writeFileSync(file, bytes);
      answers[path] = { file };
    }
  }
  return answers;
}

function measure(
  name: string,
  served: Served,
  { path, part = 1, connections = CONNECTIONS }: Asked,
  requests: number,
): Measure {
  const count = Math.ceil(requests * part);
  let load = 0;
  return {
    name,
    count,
    unit: "op",
    async run() {
      const before = await cpuOf(served);
      const asked = [String(served.port), path, String(connections), String(count)];
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
