// Every case, written through each entry point and read through others, over several stores.
import { assertEquals } from "@std/assert";
import { realSystem } from "../../../core/system.ts";
import { findPython } from "../../support/numpy.ts";
import { shareOfRun } from "../../support/seeds.ts";
import { serverTest } from "../../support/servers/mod.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { python } from "../../python/reader.ts";
import { CASES, type Step } from "./cases.ts";
import { commandLine } from "./command_line.ts";
import { type EntryPoint, type Location, OPERATIONS } from "./entry_point.ts";
import { http } from "./http.ts";
import { inBucket, inFolder, inMemory, type NewLocation } from "./locations.ts";
import { startHub, startPythonOfService, startPythonOfStore } from "./python.ts";
import { client, library } from "./registries.ts";
import { Report } from "./report.ts";

type EntryPoints = Record<string, EntryPoint>;

/** The entry points that read what another one than the library wrote. */
const READERS = 3;

Deno.test("all entry points agree on every case over a folder", () => runAll(inFolder));

Deno.test("all entry points agree on every case in memory", () => runAll(inMemory, ["library"]));

serverTest(
  "all entry points agree on every case over a bucket",
  "minio",
  (server) => runAll(inBucket(server), ["library"]),
);

Deno.test("each entry point has each operation, or a reason why not", async () => {
  await using processes = new AsyncDisposableStack();
  const points = await startAll(processes);
  for (const [name, { operations, without }] of Object.entries(points)) {
    const known = [...Object.keys(operations), ...Object.keys(without)];
    assertEquals(known.sort(), [...OPERATIONS].sort(), name);
  }
});

/** Writes each case through some entry points, by default all, and reads it through others. */
async function runAll(create: NewLocation, writers?: string[]): Promise<void> {
  await using processes = new AsyncDisposableStack();
  const points = await startAll(processes);
  const names = Object.keys(points);
  const report = new Report();
  for (const [number, each] of CASES.entries()) {
    const able = names.filter((name) =>
      each.not?.[name] === undefined && writers?.includes(name) !== false &&
      each.writes.every(({ operation }) => points[name].operations[operation] !== undefined)
    );
    if (each.large && writers !== undefined) continue; // once
    for (const writer of each.writes.length === 0 ? able.slice(0, 1) : able) {
      await using at = await create({ mutable: each.mutable });
      for (const step of each.writes) {
        await report.add(each, step, { name: writer, point: points[writer], at });
      }
      const readers = each.large
        ? [names[(names.indexOf(writer) + 1) % names.length]]
        : writer === "library"
        ? names
        : readersOf(writer, names, number);
      for (const step of each.reads) {
        for (const name of readers.filter((name) => takes(name, points[name], step, at))) {
          await report.add(each, step, { name, point: points[name], at, writer });
        }
      }
    }
  }
  report.end();
}

async function startAll(processes: AsyncDisposableStack): Promise<EntryPoints> {
  const points: EntryPoints = { library, "command line": commandLine, http, client };
  if (python !== undefined) {
    points["Python, service"] = processes.use(startPythonOfService());
    points["Python, store"] = processes.use(startPythonOfStore());
  }
  const hub = await findPython("huggingface_hub", "True", "HOLDFAST_HF_PYTHON");
  if (hub !== undefined) {
    const root = processes.use(await tempRoot());
    points["Hub client"] = processes.use(startHub(hub, root.path));
  }
  return points;
}

/** Itself and two others: another two for each case, and on each day of a week. All in a full run. */
function readersOf(writer: string, names: string[], number: number): string[] {
  if (realSystem.env("HOLDFAST_FULL") === "1") return names;
  const first = number + (shareOfRun() ?? 0);
  const others = names.filter((name) => name !== writer);
  const chosen = others.keys().take(READERS - 1).map((at) => others[(first + at) % others.length]);
  return [writer, ...chosen];
}

function takes(reader: string, point: EntryPoint, { operation, given, not }: Step, at: Location) {
  const { ref, name } = given as { ref?: string; name?: string };
  return not?.[reader] === undefined && point.operations[operation] !== undefined &&
    !(point.needsStore && at.store === undefined) &&
    point.names?.test((name ?? ref ?? "").split("@")[0]) !== false;
}
