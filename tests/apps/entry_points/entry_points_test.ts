// Every case, written through each entry point and read through others, over several stores.
import { assertEquals } from "@std/assert";
import { METHODS } from "../../../core/options/methods.ts";
import type { OperationRow } from "../../../core/registry/operations/row.ts";
import { realSystem } from "../../../core/system.ts";
import { findPython } from "../../support/numpy.ts";
import { shareOfRun, SHARES } from "../../support/seeds.ts";
import { serverTest } from "../../support/servers/mod.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { python } from "../../python/reader.ts";
import { type Case, CASES, type Step } from "./cases.ts";
import { commandLine } from "./command_line.ts";
import { type EntryPoint, type Location, type Operation, OPERATIONS } from "./entry_point.ts";
import { http } from "./http.ts";
import { startInWorker, withSchedule } from "./in_worker.ts";
import { inBucket, inFolder, inMemory, type NewLocation } from "./locations.ts";
import { startHub, startPythonOfService, startPythonOfStore } from "./python.ts";
import { Memory } from "./memory.ts";
import { client, library } from "./registries.ts";
import { Report } from "./report.ts";

type EntryPoints = Record<string, EntryPoint>;

/** The entry points beside the library that write a case, and beside the writer that read it. */
const OTHERS = { writers: 1, readers: 1 };
/** In a bucket, the entry points behind a service that read a case: the service alone sees where the registry is. */
const BEHIND_SERVICE = 1;
/** One of so many cases runs: of seven days three, or four, have each of the two servers of buckets. */
const PARTS = { folder: 3, bucket: 3, memory: SHARES, worker: SHARES };

const processes = new AsyncDisposableStack();
let started: Promise<EntryPoints> | undefined;
Deno.test.afterAll(() => processes.disposeAsync());

/** A test that shares its processes with the others, because they take long to start. */
function storeTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

storeTest(
  "all entry points agree on every case over a folder",
  () => runAll(inFolder, PARTS.folder),
);

storeTest(
  "all entry points agree on every case in memory",
  () => runAll(inMemory, PARTS.memory, ["library"]),
);

serverTest(
  "all entry points agree on every case over a bucket",
  ["minio", "fake-gcs"],
  (server) => runAll(inBucket(server), PARTS.bucket, ["library"], { behind: BEHIND_SERVICE }),
);

storeTest("all entry points agree on every case behind a Worker", async () => {
  await using worker = await startInWorker();
  const own = { client: withSchedule(client), http: withSchedule(http) };
  await runAll(worker.create, PARTS.worker, ["client", "http"], { own });
});

storeTest("each entry point has each operation, or a reason why not", async () => {
  for (const [name, { operations, without }] of Object.entries(await startedPoints())) {
    const reasons = Object.keys(without).filter((name) => !name.includes("."));
    const known = [...Object.keys(operations), ...reasons];
    const missing = `${name}: write the operation, or add the reason to its \`without\``;
    assertEquals(known.sort(), [...OPERATIONS].sort(), missing);
  }
});

Deno.test("each method of a registry is an operation of the cases, or has a reason why not", () => {
  const missing = Object.keys(METHODS).filter((name) => !OPERATIONS.includes(name as Operation));
  assertEquals(missing.sort(), Object.keys(NOT_ASKED).sort(), "see README.md, Add an operation");
});

/** Why methods are no operations of the cases. */
const NOT_ASKED: Readonly<Record<string, string>> = {
  get: "load",
  open: "range",
  download: "load; most entry points write no folder",

  has: "info",
  openDraft: "addPart, commitDraft, discardDraft and draftInfo",
  watch: "its events come later",
  clearCache: "a service keeps its own",
};

Deno.test("each option of a method is in a case, or has a reason why not", () => {
  const steps = CASES.flatMap(({ writes, reads }) => [...writes, ...reads]);
  const asked = new Set(
    steps.flatMap(({ operation, given }) =>
      Object.keys(given).map((name) => `${operation}.${name}`)
    ),
  );
  const missing = Object.entries<OperationRow>(METHODS).flatMap(([method, { options, takes }]) => {
    const isInRef = (name: string) => name === "version" && takes.includes("ref");
    const own = Object.keys(options).filter((name) =>
      !OF_PROGRAMS.includes(name) && !isInRef(name)
    );
    return method in NOT_ASKED ? [] : own.map((name) => `${method}.${name}`);
  }).filter((option) => !asked.has(option));
  assertEquals(missing.sort(), Object.keys(OPTIONS_NOT_ASKED).sort(), "see README.md");
});

/** Options of calls in a program. */
const OF_PROGRAMS = ["signal", "onProgress"];

/** Why options are in no case. */
const OPTIONS_NOT_ASKED: Readonly<Record<string, string>> = {
  "delete.dryRun": "it changes nothing; commands ask people instead",
  "deleteAlias.expected": "as in setAlias",
  "deleteAlias.force": "only for protected aliases: tests/registry/aliases/protected_test.ts",
  "info.annotations": "annotations",
  "load.as": "a function",
  "load.schema": "a function",
  "load.verify": "it does not change the answer",
  "rollbackAlias.expected": "as in setAlias",
  "rollbackAlias.force": "as in deleteAlias",
  "save.as": "text or value",
  "save.base": "it does not change the answer",
  "setAlias.force": "as in deleteAlias",
  "versions.annotations": "annotations",
  "versions.deleted": "times of deletions differ: tests/registry/verbs/undelete_test.ts",
  "versions.details": "info",
  "versions.withoutFiles": "only with details: tests/apps/client/foreign_answers_test.ts",
};

/** Writes cases through some entry points, by default all in turn, and reads them through others. */
async function runAll(
  create: NewLocation,
  parts: number,
  writers?: string[],
  { own, behind }: { own?: EntryPoints; behind?: number } = {},
): Promise<void> {
  const points = { ...await startedPoints(), ...own };
  const names = Object.keys(points);
  const report = new Report();
  const cases = writers === undefined ? CASES : CASES.filter(({ large }) => !large);
  const size = Math.ceil(cases.length / parts);
  for (const [number, each] of inTurn(cases, size, size).entries()) {
    for (const [writer, readers] of pairsOf(each, { names, points, writers, number, behind })) {
      await using at = await create({ mutable: each.mutable });
      const memory = new Memory(at);
      for (const step of each.writes) {
        await report.add(each, memory.filled(step), { name: writer, point: points[writer], at });
        await memory.add(step);
      }
      for (const step of each.reads.map((step) => memory.filled(step))) {
        for (const name of readers) {
          const point = points[name];
          if (!takes(name, point, step, at)) report.leaveOut(name);
          else await report.add(each, step, { name, point, at, writer });
        }
      }
    }
    for (const name of writers === undefined ? names : []) {
      if (!canWrite(each, name, points[name])) report.leaveOut(name);
    }
  }
  report.end();
}

interface Given {
  names: string[];
  points: EntryPoints;
  writers?: string[];
  /** The position of the case. */
  number: number;
  /** How many entry points read through the service, beside those that open the store. @default all */
  behind?: number;
}

/** The entry points that write a case, and those that read it afterwards. */
function pairsOf(
  each: Case,
  { names, points, writers = names, number, behind }: Given,
): [writer: string, readers: string[]][] {
  if (each.large) {
    return Object.entries(each.large).filter((pair) =>
      pair.flat().every((name) => names.includes(name))
    );
  }
  const able = writers.filter((name) => canWrite(each, name, points[name]));
  if (each.writes.length === 0) return [[able[0], names]];
  const [first, ...rest] = able;
  const chosen = [first, ...inTurn(rest, OTHERS.writers, number * OTHERS.writers)];
  return chosen.map((writer) => {
    const others = names.filter((name) => name !== writer);
    if (writer !== "library") return [writer, [writer, ...inTurn(others, OTHERS.readers, number)]];
    const [direct, served] = [true, false].map((needsStore) =>
      others.filter((name) => (points[name].needsStore === true) === needsStore)
    );
    return [writer, [writer, ...direct, ...inTurn(served, behind ?? served.length, number)]];
  });
}

function canWrite(each: Case, name: string, point: EntryPoint): boolean {
  return each.not?.[name] === undefined && each.writes.every((step) => has(point, step));
}

/** Some of a list: other ones at each position, and in each share of a run. All in a full run. */
function inTurn<T>(all: T[], count: number, position: number): T[] {
  if (realSystem.env("HOLDFAST_FULL") === "1" || count >= all.length) return all;
  const first = position + count * (shareOfRun() ?? 0);
  return Array.from({ length: count }, (_, at) => all[(first + at) % all.length]);
}

function startedPoints(): Promise<EntryPoints> {
  return started ??= startAll();
}

async function startAll(): Promise<EntryPoints> {
  const points: EntryPoints = { library, "command line": commandLine, http, client };
  if (python !== undefined) {
    points["Python, service"] = processes.use(startPythonOfService());
    points["Python, store"] = processes.use(startPythonOfStore());
  }
  const hub = await findPython("huggingface_hub", undefined, "HOLDFAST_HF_PYTHON");
  if (hub !== undefined) {
    const root = processes.use(await tempRoot());
    points["Hub client"] = processes.use(startHub(hub, root.path));
  }
  return points;
}

/** Returns true if an entry point has an operation and all options of a step. */
function has({ operations, without }: EntryPoint, { operation, given }: Step): boolean {
  return operations[operation] !== undefined &&
    Object.keys(given).every((option) => without[`${operation}.${option}`] === undefined);
}

function takes(reader: string, point: EntryPoint, step: Step, at: Location): boolean {
  const { ref, name } = step.given as { ref?: string; name?: string };
  return step.not?.[reader] === undefined && has(point, step) &&
    !(point.needsStore && at.store === undefined) &&
    point.names?.test((name ?? ref ?? "").split("@")[0]) !== false;
}
