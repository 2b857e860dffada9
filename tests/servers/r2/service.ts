// The Worker of the example, with a registry of its own for each test: below `/at/PREFIX`.
import { openRegistry } from "@holdfast/holdfast";
import { createR2Backend, type R2Binding } from "../../../backends/r2.ts";
import { realSystem } from "../../../core/system.ts";
import { verifyRegistry } from "../../../registry/maintenance.ts";
import worker from "../../../examples/worker/worker.ts";
import { watched } from "./watched_bucket.ts";

interface Env {
  BUCKET: R2Binding;
  TOKENS: string;
}

// deno-lint-ignore holdfast/no-default-export -- workerd asks for it
export default {
  /**
   * Serves `/at/PREFIX/`. `/create/PREFIX` creates a registry, with `?mutable`, and `/cron/PREFIX`
   * runs the schedule, and `/verify/PREFIX` reads everything. Headers set the faults of calls to the bucket, and return their number.
   */
  async fetch(request: Request, env: Env, context: never): Promise<Response> {
    const url = new URL(request.url);
    const [, action, PREFIX, path] = /^\/(at|create|cron|verify)\/([^/]+)(.*)$/s.exec(
      url.pathname,
    )!;
    const { headers } = request;
    const { bucket, calls } = watched(env.BUCKET, {
      faults: Number(headers.get("test-faults") ?? 0),
      mostCalls: Number(headers.get("test-most-calls") ?? Infinity),
    });
    const given = { ...env, PREFIX, BUCKET: bucket };
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
    if (action === "verify") {
      await using registry = await openRegistry(createR2Backend(bucket, { prefix: PREFIX }));
      return Response.json(await verifyRegistry(registry));
    }
    url.pathname = path;
    const answer = await worker.fetch(new Request(url, request), given, context);
    answer.headers.set("test-calls", JSON.stringify(calls));
    return answer;
  },
};
