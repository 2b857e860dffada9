// Bundles a Worker and runs it in workerd with an R2 bucket in memory.
import { Miniflare } from "npm:miniflare@4.20260426.0";
import { readFile } from "node:fs/promises";
import { REPOSITORY } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";

export interface RunningWorker extends AsyncDisposable {
  fetch(path: string): Promise<{ status: number; text: string }>;
}

/** @param entry the module of the Worker, below the repository */
export async function runWorker(entry: string): Promise<RunningWorker> {
  await using root = await tempRoot();
  const script = root.join("worker.js");
  const flags = ["--quiet", "--platform", "browser", "--external", "node:*", "--output", script];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", ...flags, entry],
    cwd: REPOSITORY,
  }).output();
  if (!success) throw new Error(`Cannot bundle ${entry}: ${new TextDecoder().decode(stderr)}`);
  const worker = new Miniflare({
    modules: [{ type: "ESModule", path: "worker.js", contents: await readFile(script, "utf8") }],
    r2Buckets: ["BUCKET"],
    compatibilityDate: "2026-04-01",
    compatibilityFlags: ["nodejs_compat"],
  });
  return {
    async fetch(path) {
      const reply = await worker.dispatchFetch(`http://worker${path}`);
      return { status: reply.status, text: await reply.text() };
    },
    [Symbol.asyncDispose]: () => worker.dispose(),
  };
}
