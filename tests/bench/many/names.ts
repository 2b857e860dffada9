// All names of a registry on a disk, beside a bare listing of as many files and mindtrace, whose
// registry is one folder.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { join } from "node:path";
import { realSystem } from "../../../core/system.ts";
import { openRegistry } from "../../../mod.ts";
import { generateFolder, nameOf } from "./generate.ts";
import { type BenchSettings, type Group, type Measure, timed, type Timing } from "../measure.ts";

const run = promisify(execFile);
const RELEASE = "0.16.0";
const MINDTRACE = realSystem.env("HOLDFAST_MINDTRACE") ??
  join(realSystem.env("HOME") ?? "", ".cache/holdfast-ci/mindtrace");

/** Prints the time of the third listing, as milliseconds of the clock and of the processor. */
const LISTING = `
import json, sys, time
from mindtrace.registry import LocalRegistryBackend
backend = LocalRegistryBackend(uri=sys.argv[1])
for _ in range(3):
    wall, cpu = time.perf_counter(), time.process_time()
    names = backend.list_objects()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
assert len(names) == int(sys.argv[2]), len(names)
print(json.dumps({"wallMs": wall * 1000, "cpuMs": cpu * 1000}))
`;

/** Creates measures of registries with 10, 10,000 and 100,000 names, or with as many as asked for. */
export async function createNamesGroup({ folder, quick, n }: BenchSettings): Promise<Group> {
  const sizes = n !== undefined ? [n] : quick ? [10, 1_000] : [10, 10_000, 100_000];
  const measures: Measure[] = [];
  for (const names of sizes) {
    const path = join(folder, `names-${names}`);
    const theirs = join(folder, `mindtrace-${names}`);
    await generateFolder(path, { names, versions: 1 });
    mkdirSync(theirs);
    for (let i = 0; i < names; i++) {
      writeFileSync(join(theirs, `_meta_${nameOf(i).replace(":", "_")}@1.0.0.yaml`), "");
    }
    measures.push(...measuresOf({ names, path, theirs }));
  }
  return { measures, [Symbol.asyncDispose]: () => Promise.resolve() };
}

interface Registries {
  names: number;
  path: string;
  /** A folder with the names of the files of a registry of mindtrace. */
  theirs: string;
}

function measuresOf({ names, path, theirs }: Registries): Measure[] {
  const size = `${names.toLocaleString("en")} names`;
  const floor = `floor: list a folder of as many files, ${size}`;
  const peer = `mindtrace ${RELEASE}, \`list_objects()\`, ${size}`;
  const hasPeer = existsSync(join(MINDTRACE, "complete-1"));
  const measure = (name: string, action: () => Promise<Timing>): Measure => {
    let last: Timing | undefined;
    return {
      name,
      count: names,
      unit: "op",
      ...name !== floor && { floor, ...hasPeer && name !== peer && { second: peer } },
      run: async () => last = await action(),
      columns: () => ({ "processor time of a name": `${perName(last, names)} µs` }),
    };
  };
  return [
    measure(floor, () => timed(() => readdirSync(theirs))),
    ...hasPeer ? [measure(peer, () => listWithMindtrace(theirs, names))] : [],
    measure(`\`names()\`, ${size}`, () => listHere(path, names, 3)),
    measure(`the first \`names()\`, ${size}`, () => listHere(path, names, 1)),
  ];
}

function perName(timing: Timing | undefined, names: number): string {
  return timing === undefined ? "-" : (timing.cpuMs * 1000 / names).toPrecision(2);
}

/** The time of the last of `times` listings of a registry that was just opened. */
async function listHere(path: string, names: number, times: number): Promise<Timing> {
  const registry = await openRegistry(path);
  try {
    let timing: Timing | undefined;
    for (let i = 0; i < times; i++) {
      let count = 0;
      timing = await timed(async () => {
        for await (const _ of registry.names()) count++;
      });
      if (count < names) throw new Error(`Cannot measure: ${count} of ${names} names are listed`);
    }
    return timing!;
  } finally {
    await registry.close();
  }
}

async function listWithMindtrace(folder: string, names: number): Promise<Timing> {
  const { stdout } = await run(join(MINDTRACE, "bin/python"), [
    ...["-c", LISTING, folder, String(names)],
  ], {
    cwd: folder,
    env: {
      HOME: join(folder, ".."),
      PATH: realSystem.env("PATH"),
      PYTHONPATH: join(MINDTRACE, "peers", RELEASE),
      ZENML_ANALYTICS_OPT_IN: "false",
      ZENML_LOGGING_VERBOSITY: "ERROR",
    },
  });
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}
