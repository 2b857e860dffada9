// Runs the calls that it reads from standard input, one JSON list a line, by the program of a commit:
//   deno run -A --config <folder of its source>/deno.json program.ts <URL of that folder>
// A call is a function of `CALLS` and its arguments. The answer is `{ value }` or `{ code, message }`.
import { createInterface } from "node:readline";
import process from "node:process";
import type { RunValues } from "../../../runs/mod.ts";
import { programAt, writeContent } from "./content.ts";

const program = await programAt(process.argv[2]!);
type Registry = Awaited<ReturnType<typeof program.openRegistry>>;
const opened = new Map<string, Registry>();

async function registryAt(path: string): Promise<Registry> {
  const registry = opened.get(path) ??
    await program.openRegistry(path, { durability: "os", cache: false });
  opened.set(path, registry);
  return registry;
}

const CALLS = {
  writeContent: (folder: string) => writeContent(program, folder),
  save: async (path: string, name: string, value: unknown, options?: object) =>
    (await (await registryAt(path)).save(name, value, options)).version,
  load: async (path: string, ref: string) => await (await registryAt(path)).load(ref),
  delete: async (path: string, ref: string) => await (await registryAt(path)).delete(ref),
  undelete: async (path: string, ref: string) =>
    (await (await registryAt(path)).undelete(ref)).version,
  setAlias: async (path: string, name: string, alias: string, version: string) =>
    await (await registryAt(path)).setAlias(name, alias, version),
  annotate: async (path: string, ref: string, change: object) =>
    void await program.annotate(await registryAt(path), ref, change),
  publish: async (path: string, name: string, members: Record<string, string>) =>
    (await program.publishRelease(await registryAt(path), name, members)).version,
  prune: async (path: string, options: { keepLast: number; names: string[] }) => {
    const { deleted } = await program.prune(await registryAt(path), options);
    return deleted.map(({ name, version }) => `${name}@${version}`);
  },
  versions: async (path: string, name: string) => {
    const listed = (await registryAt(path)).versions(name);
    return await Array.fromAsync(listed, ({ version }) => version);
  },
  collectGarbage: async (path: string, options: object) => {
    const { failures } = await program.collectGarbage(await registryAt(path), options);
    return failures.map(({ message }) => message);
  },
  verify: async (path: string) => {
    const { problems } = await program.verifyRegistry(await registryAt(path));
    return problems.map(({ key, message }) => `${key}: ${message}`);
  },
  /** Adds a writer to a run, and logs points. */
  logTo: async (path: string, id: string, points: RunValues[], options: object = {}) => {
    const run = await program.openRun!(await registryAt(path), "logged", { id, ...options });
    for (const point of points) run.log(point);
    await run.flush();
  },
  finishRun: async (path: string, id: string) =>
    (await program.finishRun!(await registryAt(path), "logged", { id })).version,
  runs: async (path: string) => {
    const runs = await Array.fromAsync(program.readLoggedRuns!(await registryAt(path)));
    return runs.map(({ id, state, points }) => `${id}: ${state}, ${points} points`);
  },
  metadata: async (path: string, ref: string) =>
    (await (await registryAt(path)).info(ref)).metadata,
  mirror: async (path: string, to: string, options: object) => {
    const from = await registryAt(path);
    const { failures } = await program.mirrorRegistry(from, await registryAt(to), options);
    return failures.map(({ error }) => error.message);
  },
};

export type Calls = typeof CALLS;

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...args] = JSON.parse(line) as [keyof Calls, ...never[]];
  const call = CALLS[name] as (...args: unknown[]) => Promise<unknown>;
  const answer = await call(...args).then(
    (value) => ({ value }),
    ({ code, message }) => ({ code: code ?? "Unexpected", message }),
  );
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
for (const registry of opened.values()) await registry[Symbol.asyncDispose]();
