// The Worker of the example, with a registry of its own for each test: below `/at/PREFIX`.
import { openRegistry } from "@holdfast/holdfast";
import { Answer } from "../../../apps/server/answer.ts";
import { linesOf } from "../../../apps/server/listing.ts";
import { createR2Backend, type R2Binding } from "../../../backends/r2.ts";
import { realSystem } from "../../../core/system.ts";
import { pruneByRules } from "../../../extensions/maintenance/pruning/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import worker from "../../../examples/worker/worker.ts";
import { watched } from "./watched_bucket.ts";

interface Env {
  BUCKET: R2Binding;
  TOKENS: string;
  SIGN_IN?: string;
}

async function* failing(): AsyncGenerator<number> {
  for (let item = 0; item < 9_000; item++) yield await Promise.resolve(item);
  throw new Error("a call failed");
}

let lastCalls: Record<string, number> = {};

// deno-lint-ignore holdfast/no-default-export -- workerd asks for it
export default {
  /**
   * Serves a registry at `/at/PREFIX/`. Its other paths are of the test: `/create/PREFIX` creates
   * it, with `?mutable`, `/cron/PREFIX` runs the schedule, `/prune/PREFIX` its first step alone,
   * `/verify/PREFIX` reads everything, `/calls/PREFIX` returns the calls of the last request to the
   * bucket, and `/lines/PREFIX` is a list that fails. Headers break calls.
   */
  async fetch(request: Request, env: Env, context: never): Promise<Response> {
    const url = new URL(request.url);
    const [, action, PREFIX, path] = /^\/(at|create|cron|prune|verify|calls|lines)\/([^/]+)(.*)$/s
      .exec(
        url.pathname,
      )!;
    const { headers } = request;
    const { bucket, calls } = watched(env.BUCKET, {
      faults: Number(headers.get("test-faults") ?? 0),
      mostCalls: Number(headers.get("test-most-calls") ?? Infinity),
    });
    const given = { ...env, PREFIX, BUCKET: bucket };
    if (action === "lines") return new Answer(linesOf(failing())).toResponse();
    if (action === "calls") return Response.json(lastCalls);
    if (action === "create") {
      const mutable = url.searchParams.has("mutable");
      await using _registry = await openRegistry(createR2Backend(bucket, { prefix: PREFIX }), {
        mutable,
      });
      return Response.json(calls);
    }
    if (action === "cron") {
      await worker.scheduled({ scheduledTime: realSystem.now() }, given);
      return Response.json(calls);
    }
    if (action === "verify" || action === "prune") {
      await using registry = await openRegistry(createR2Backend(bucket, { prefix: PREFIX }));
      const run = action === "verify" ? verifyRegistry : pruneByRules;
      return Response.json(await run(registry));
    }
    url.pathname = path;
    lastCalls = calls;
    return await worker.fetch(new Request(url, request), given, context);
  },
};
