// The stream of lines of a run, and its files.
import * as v from "npm:valibot@^1.5";
import { route, type Routes } from "../../../apps/gateways.ts";
import { schema } from "../../../apps/server/extending.ts";
import { wrong } from "./errors.ts";
import { nameOfProject, parseRun, pathProblem, runKey } from "./names.ts";
import { described, FRESH } from "./operations.ts";
import { changing, writerOf } from "./run_operations.ts";
import type { WandbRuns } from "./run_store.ts";
import { integer, list, MOST } from "./schemas.ts";

/** More than clients send at once. */
const MOST_LINES = 100_000, MOST_LINE = 2 ** 25, MOST_OFFSET = 1e9;

const Lines = v.nullish(v.pipe(
  v.object({
    offset: v.nullish(integer(0, MOST_OFFSET), 0),
    content: list(MOST_LINES, schema.text(MOST_LINE)),
  }),
  v.transform(({ offset, content = [] }) => ({ offset: offset ?? 0, content })),
));

const Stream = v.object({
  files: v.nullish(v.object({
    "wandb-history.jsonl": Lines,
    "wandb-events.jsonl": Lines,
    "output.log": Lines,
    "wandb-summary.json": Lines,
  })),
  complete: v.nullish(v.boolean()),
  preempting: v.nullish(v.boolean()),
  exitcode: v.nullish(integer(-(2 ** 31), 2 ** 31)),
});

/** The seconds between two requests of a run that says nothing, and between others. */
const ANSWER = { exitcode: null, limits: { hb: 30, rate_limit_seconds: 5 } };

export function fileRoutes(routes: Routes, runs: WandbRuns): void {
  route(routes, "POST /files/:entity/:project/:run/file_stream", {
    ...described("FileStream", "Adds lines to a run, and ends it", "save"),
    json: Stream,
    answer: async ({ c, params: { entity, project, run }, json, access }) => {
      const key = runKey(nameOfProject({ entity, project }), run);
      changing(c, key);
      const files = json.files ?? {};
      const lines = (name: keyof typeof files) => files[name] ?? undefined;
      const sent = {
        writer: writerOf(c),
        history: lines("wandb-history.jsonl"),
        system: lines("wandb-events.jsonl"),
        console: lines("output.log"),
        summary: lines("wandb-summary.json")?.content.at(-1),
        preempting: json.preempting ?? false,
      };
      const exitCode = json.complete ? json.exitcode ?? 0 : undefined;
      const stopped = await runs.stream(key, sent, { access, exitCode });
      return c.json({ ...ANSWER, stopped }, 200, FRESH); // earlier clients ask for it
    },
  });

  route(routes, "PUT /wandb/runs/:id/files/:path{[^]+}", {
    ...described("PutRunFile", "Adds a file to a run; the last one of a path counts", "save"),
    answer: async ({ c, params: { id, path }, access }) => {
      const key = parseRun(id);
      changing(c, key);
      const problem = pathProblem(path);
      if (problem !== undefined) {
        throw wrong(`Invalid path ${path.slice(0, MOST.name)}: ${problem}`);
      }
      const content = c.request.body ?? new Blob().stream();
      await runs.putFile(key, { path, content }, access);
      return c.json({}, 200, FRESH);
    },
  });
}
