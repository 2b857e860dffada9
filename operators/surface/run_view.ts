// The view of a run: on a terminal one live line for each running step, below those that have
// ended; otherwise a line for each event. Also the report of its result.
import {
  type CommandContext,
  displayWidth,
  formatSeconds,
  printable,
  showLiveLines,
} from "../../apps/cli/extending.ts";
import { shellWord } from "../../core/kernel.ts";
import type { Pipeline, RunEvent, RunResult, StepOutcome } from "../runner/mod.ts";
import { metricsText } from "./metrics_text.ts";
import { countedEnds } from "./known_runs.ts";

interface RunView {
  onEvent(event: RunEvent): void;
  end(): Promise<void>;
}

/** Running steps with a line; only the number of others is shown. */
const MOST_LINES = 12;
const WIDEST_NAME = 24;

interface Running {
  sinceMs: number;
  last: string;
}

/** Shows a run on standard error, unless `--quiet`. */
export function createRunView(pipeline: Pipeline, { io, shared }: CommandContext): RunView {
  if (shared.quiet) return { onEvent() {}, end: () => Promise.resolve() };
  const { system } = io;
  const startedMs = system.monotonic();
  const running = new Map<string, Running>();
  const widest = Math.max(...pipeline.steps.map(({ id }) => displayWidth(id)));
  const width = Math.min(WIDEST_NAME, widest);
  let all = pipeline.steps.length, done = 0, failed = 0;
  const live = showLiveLines(io, lines);
  const name = (step: string) => step + " ".repeat(Math.max(0, width - displayWidth(step)));
  const print = (step: string, text: string) =>
    live.print(printable(`${name(step)}  ${text}`.trimEnd()));

  const shown: { [T in RunEvent["type"]]?: (event: Extract<RunEvent, { type: T }>) => void } = {
    "run started": ({ steps }) => void (all = steps),
    "step started"(event) {
      running.set(label(event), { sinceMs: system.monotonic(), last: "" });
      const text = event.attempt === 1 ? "started" : `started, attempt ${event.attempt}`;
      if (!live.isLive) print(label(event), text);
    },
    log(event) {
      const line = printable(event.line);
      const step = running.get(label(event));
      if (step !== undefined && line.trim() !== "") step.last = line;
      if (!live.isLive || shared.verbose) live.print(`${name(label(event))} | ${line}`);
    },
    "step retried"(event) {
      running.delete(label(event));
      const again = `failed (${event.exit}), retrying in ${formatMs(event.inMs)}: ${event.message}`;
      print(label(event), again);
    },
    "shard ended"(event) {
      running.delete(label(event));
      if (!live.isLive || event.end === "failed") live.print(endLine(label(event), event));
    },
    "step ended"(event) {
      running.delete(event.step);
      done++;
      if (event.end === "failed") failed++;
      if (event.end !== "skipped" || shared.verbose) live.print(endLine(event.step, event));
    },
  };
  return {
    onEvent(event) {
      (shown[event.type] as ((event: RunEvent) => void) | undefined)?.(event);
      live.update();
    },
    end: () => live.end(),
  };

  function endLine(step: string, outcome: StepOutcome): string {
    const line = printable(`${name(step)}  ${outcomeText(outcome)}`);
    return outcome.end === "failed" ? live.red(line) : line;
  }

  function lines(): string[] {
    const now = system.monotonic();
    const shown = [...running].slice(0, MOST_LINES).map(([step, { sinceMs, last }]) =>
      `${name(step)}  ${formatMs(now - sinceMs).padEnd(6)}  ${last}`.trimEnd()
    );
    if (running.size > MOST_LINES) shown.push(`… and ${running.size - MOST_LINES} more`);
    const parts = [`${done} of ${all} done`, `${running.size} running`];
    if (failed > 0) parts.push(`${failed} failed`);
    return [...shown, [...parts, formatMs(now - startedMs)].join(", ")];
  }
}

/** Formats a step, or a shard of it: `train 2/4`. */
function label(
  { step, shard }: { step: string; shard?: { index: number; count: number } },
): string {
  return shard === undefined ? step : `${step} ${shard.index}/${shard.count}`;
}

/** Formats the outcome of a step: `ran in 1.2s → data:clean@1.0.0`. */
export function outcomeText(
  { end, durationMs, reason, exit, outputs = {}, metrics }: StepOutcome,
): string {
  const [first] = (reason ?? "").split("\n");
  if (end === "ran") {
    const values = metricsText(metrics);
    const refs = Object.values(outputs).join(", ");
    return `ran in ${formatMs(durationMs)}${refs && ` → ${refs}`}${values && `, ${values}`}`;
  }
  if (end === "failed") return `failed (${exit}) after ${formatMs(durationMs)}: ${first}`;
  return first === "" ? end : `${end}: ${first}`;
}

/** Formats milliseconds as `0.3s`, `12s`, `3m20s`. */
export function formatMs(ms: number): string {
  return ms < 9_950 ? `${(ms / 1000).toFixed(1)}s` : formatSeconds(ms / 1000);
}

const MOST_FAILURES = 20;

/** Prints the result of a run: with `--json` as its last line. */
export async function reportRun(result: RunResult, context: CommandContext): Promise<void> {
  const { shared: { json, quiet } } = context;
  if (json || quiet) return await context.result(result, result.run);
  const lines = [headline(result), ...failuresOf(result, context)].map(printable);
  await context.io.stdout.write(`${lines.join("\n")}\n`);
}

/** Formats `training@3 failed in 12s: 2 ran, 1 skipped, 1 failed`. */
export function headline(result: RunResult): string {
  const counts = endCounts(result) || "no steps";
  return `${result.run} ${result.end} in ${formatMs(result.durationMs)}: ${counts}`;
}

/** Formats `2 ran, 1 skipped`. */
export function endCounts(result: RunResult): string {
  return Object.entries(countedEnds(result)).map(([end, count]) => `${count} ${end}`).join(", ");
}

function failuresOf({ run, steps }: RunResult, context: CommandContext): string[] {
  const failed = Object.entries(steps).filter(([, { end }]) => end === "failed");
  const lines = failed.slice(0, MOST_FAILURES).flatMap(
    ([step, { exit, exitCode, attempts = 1, reason = "", hint: own, hintReason, record }]) => {
      const hint = context.hint({ hint: own, reason: hintReason });
      const tries = attempts > 1 ? `, ${attempts} attempts` : "";
      return [
        `${step} failed with ${exitCode} (${exit}${tries}): ${reason.replaceAll("\n", " ")}`,
        ...hint === undefined ? [] : [`  hint: ${hint}`],
        ...record === undefined
          ? []
          : [`  log: holdfast pipeline logs ${shellWord(run)} ${shellWord(step)}`],
      ];
    },
  );
  const more = failed.length - MOST_FAILURES;
  return more > 0
    ? [...lines, `… and ${more} more: holdfast pipeline status ${shellWord(run)}`]
    : lines;
}
