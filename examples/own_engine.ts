// deno run --allow-read --allow-write --allow-run=sh --allow-env examples/own_engine.ts
//
// An engine of your own: `spool:FOLDER` starts each step as a process that goes on without this
// program, with its state in a folder. `holdfast` finds it in the module of the operators:
//
//   holdfast pipeline run --operators own_engine.ts --engine spool:/var/jobs --detach
import { RegistryError } from "@holdfast/holdfast";
import { createEngines, createOperators, openEngine } from "@holdfast/holdfast/operators";
import type { Engine, EngineJob, EngineStep } from "@holdfast/holdfast/operators";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

export const operators = createOperators();
export const engines = createEngines();
engines.register("spool", {
  help: "spool:FOLDER",
  open: (url) => createSpoolEngine(url.slice("spool:".length)),
});

/** Runs a command and ends its process group. Files that begin with `$0` are the state of the job. */
const SCRIPT = `echo $$ > "$0.pid"
[ ! -e "\${0%/*}/cancelled" ] || exit
[ -z "$LIMIT" ] || { sleep "$LIMIT"; : > "$0.late"; kill 0; } &
"$@"
echo $? > "$0.new"; mv "$0.new" "$0.exit"; kill 0`;

/** A job is a folder with the name of its delivery, and files for each of its shards. */
export function createSpoolEngine(root: string): Engine {
  const text = (...path: string[]) => readFile(join(root, ...path), "utf8").catch(() => undefined);

  async function stateOf(id: string): Promise<EngineJob> {
    const about = /^[a-z0-9-]{1,120}$/.test(id) ? await text(id, "job.json") : undefined;
    if (about === undefined) return { id, name: id, state: "lost" };
    const { step, shards } = JSON.parse(about);
    const ends = await Promise.all(Array.from({ length: shards }, (_, i) => endOf(id, i)));
    const first = ORDER.find((state) => ends.some((end) => end.state === state));
    return { id, name: id, step, state: "lost", ...ends.find(({ state }) => state === first) };
  }

  async function endOf(
    id: string,
    shard: number,
    isGone = false,
  ): Promise<Omit<EngineJob, "id" | "name">> {
    const exit = await text(id, `${shard}.exit`);
    if (exit !== undefined) {
      return { state: Number(exit) === 0 ? "ended" : "failed", exitCode: Number(exit) };
    }
    const late = await text(id, `${shard}.late`);
    if (late !== undefined) return { state: "failed", reason: "it took too long" };
    if (await text(id, "cancelled") !== undefined) return { state: "cancelled" };
    const pid = await text(id, `${shard}.pid`);
    if (pid === undefined) return { state: "waiting" };
    if (isGone) return { state: "lost" };
    // A process that is gone may have written how it ended since these files were read.
    return signal(Number(pid), 0) ? { state: "running" } : endOf(id, shard, true);
  }

  return {
    kind: "spool",
    location: `spool:${root}`,
    async submit({ name, run, step, command, cwd, env, timeoutMs, shards = 1 }: EngineStep) {
      if (!/^[a-z0-9-]{1,120}$/.test(name)) {
        throw new RegistryError({
          code: "Invalid",
          message: `Cannot submit ${name}: invalid name`,
        });
      }
      const folder = join(root, name);
      await mkdir(root, { recursive: true });
      const isNew = await mkdir(folder).then(() => true, () => false);
      if (!isNew) return name;
      await writeFile(join(folder, "job.json"), JSON.stringify({ run, step, shards }));
      for (let shard = 0; shard < shards; shard++) {
        const limit = timeoutMs === undefined ? "" : String(timeoutMs / 1000);
        const more = shards === 1 ? {} : { HOLDFAST_SHARD: `${shard}/${shards}` };
        spawn("sh", ["-c", SCRIPT, join(folder, String(shard)), ...command], {
          cwd,
          env: { ...process.env, ...env, LIMIT: limit, ...more },
          detached: true, // a process group of its own
          stdio: "ignore",
        }).unref();
      }
      return name;
    },
    poll: (ids) => Promise.all(ids.map(stateOf)),
    async cancel(id) {
      if ((await stateOf(id)).state === "lost") return;
      await writeFile(join(root, id, "cancelled"), "");
      const files = await readdir(join(root, id));
      for (const file of files.filter((file) => file.endsWith(".pid"))) {
        signal(-Number(await text(id, file)), "SIGTERM");
      }
    },
    async list(run) {
      const ids = await readdir(root).catch(() => []);
      const jobs = await Promise.all(ids.map((id) => text(id, "job.json")));
      return await Promise.all(
        ids.filter((_, i) => JSON.parse(jobs[i] ?? "{}").run === run).map(stateOf),
      );
    },
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** The state of a job is the first of these that one of its shards has. */
const ORDER = ["running", "failed", "cancelled", "lost", "waiting", "ended"];

/** Sends a signal to a process, or to a group if negative. Returns false if there is none. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

if (import.meta.main) {
  const root = await mkdtemp(join(tmpdir(), "spool-"));
  await using engine = await openEngine(`spool:${root}/jobs`, { engines });
  const step = { run: "example@1", step: "greet", name: "greet-1", env: {}, resources: {} };
  const command = ["sh", "-c", "printf hello > said"];
  const id = await engine.submit({ ...step, command, cwd: root });
  let job: EngineJob | undefined;
  while (job?.state !== "ended") {
    await new Promise((resolve) => setTimeout(resolve, 20));
    [job] = await engine.poll([id]);
  }
  console.log(job.state, await readFile(join(root, "said"), "utf8"));
  await rm(root, { recursive: true });
}
