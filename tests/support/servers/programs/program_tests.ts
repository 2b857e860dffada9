// Tests over servers that the system's packages bring, which say so where one is not installed.
import { accessSync, appendFileSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { realSystem } from "../../../../core/system.ts";
import { kindsOfShare } from "../../seeds.ts";
import { postgresFolder, startPostgres } from "./postgres.ts";
import { startRedis } from "./redis.ts";
import { startSlurm } from "./slurm.ts";

/** A server that a test may kill, and start again with what it kept. */
export interface ProgramServer extends AsyncDisposable {
  readonly url: string;
  readonly env?: Record<string, string>;
  kill(): Promise<void>;
  start(): Promise<void>;
}

const PROGRAMS = {
  redis: { packages: "redis-server", isThere: () => onPath("redis-server"), start: startRedis },
  postgres: {
    packages: "postgresql",
    isThere: () => postgresFolder() !== undefined,
    start: startPostgres,
  },
  slurm: {
    packages: "slurm-wlm",
    isThere: () => onPath("slurmctld") && onPath("slurmd") && onPath("sbatch") && Deno.uid() === 0, // its daemons change users
    start: startSlurm,
  },
};

export type ProgramKind = keyof typeof PROGRAMS;

/** Why one cannot be started; undefined where it can. */
export function programProblem(kind: ProgramKind): string | undefined {
  const { packages, isThere } = PROGRAMS[kind];
  return isThere() ? undefined : `${kind} is not installed; apt-get install ${packages} does`;
}

export function startProgram(kind: ProgramKind): Promise<ProgramServer> {
  return PROGRAMS[kind].start();
}

const shared = new Map<ProgramKind, Promise<ProgramServer>>();
let ending = false;

/** The server that all tests of a file share: started when the first asks, ended after the last. */
export function sharedProgram(kind: ProgramKind): Promise<ProgramServer> {
  if (!ending) throw new Error("Cannot share a server: no programTest was registered");
  let server = shared.get(kind);
  if (server === undefined) shared.set(kind, server = startProgram(kind));
  return server;
}

/**
 * Registers a test for each kind: `name (redis)`. With `HOLDFAST_DAY` it runs on one of them, and where one is not
 * installed, or `HOLDFAST_SERVERS` is `none`, it is left out, both as in `serverTest`; with `HOLDFAST_REQUIRE_SERVERS=1`
 * a missing one is a failure.
 */
export function programTest(
  name: string,
  kinds: ProgramKind | readonly ProgramKind[],
  fn: (
    server: { kind: ProgramKind; shared(): Promise<ProgramServer>; own(): Promise<ProgramServer> },
  ) => Promise<void>,
): void {
  if (!ending) Deno.test.afterAll(endShared);
  ending = true;
  for (const kind of typeof kinds === "string" ? [kinds] : kindsOfShare(name, kinds)) {
    const settings = { sanitizeOps: false, sanitizeResources: false };
    const isMeant = realSystem.env("HOLDFAST_SERVERS") !== "none";
    if (isMeant && PROGRAMS[kind].isThere()) {
      const servers = { kind, shared: () => sharedProgram(kind), own: () => startProgram(kind) };
      Deno.test({ name: `${name} (${kind})`, ...settings, fn: () => fn(servers) });
    } else leaveOut(kind, isMeant && realSystem.env("HOLDFAST_REQUIRE_SERVERS") === "1");
  }
}

const leftOut = new Set<ProgramKind>();

function leaveOut(kind: ProgramKind, isFailure: boolean): void {
  const counted = realSystem.env("HOLDFAST_LEFT_OUT");
  if (counted && !isFailure) return appendFileSync(counted, `${kind}\n`);
  if (leftOut.has(kind)) return;
  leftOut.add(kind);
  const reason = programProblem(kind) ?? `${kind} is not asked for: HOLDFAST_SERVERS is none`;
  Deno.test({
    name: isFailure ? `the tests on ${kind} run` : `the tests on ${kind} are left out: ${reason}`,
    ignore: !isFailure,
    fn: () => Promise.reject(new Error(`Cannot test: ${reason}`)),
  });
}

async function endShared(): Promise<void> {
  const servers = await Promise.allSettled(shared.values());
  shared.clear();
  for (const started of servers) {
    if (started.status === "fulfilled") await started.value[Symbol.asyncDispose]();
  }
}

function onPath(program: string): boolean {
  const folders = [...(realSystem.env("PATH") ?? "").split(delimiter), "/usr/sbin"];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
