// What a run looks like while it goes on: a line for each step that runs, which is drawn again and
// again, below those that have ended; where there is no terminal, a line for all that happens.
import type { Pipeline, RunEvent, StepOutcome } from "../../../operators/runner/mod.ts";
import type { CommandContext } from "../program/command.ts";
import { type Colors, createColors } from "../terminal/cli_io.ts";
import { type LiveLines, showLiveLines } from "../terminal/live_lines.ts";
import { displayWidth, printable } from "../terminal/table.ts";
import { formatSeconds } from "../terminal/units.ts";

export interface RunView {
  hear(event: RunEvent): void;
  end(): Promise<void>;
}

/** Of more steps that run at once only the number is shown. */
const MOST_LINES = 12;
const WIDEST_NAME = 24;

interface Running {
  sinceMs: number;
  last: string;
}

/** Shows a run on standard error, unless `--quiet`. */
export function createRunView(pipeline: Pipeline, context: CommandContext): RunView {
  if (context.shared.quiet) return { hear() {}, end: () => Promise.resolve() };
  return new DrawnRun(pipeline, context);
}

class DrawnRun implements RunView {
  readonly #context: CommandContext;
  readonly #colors: Colors;
  readonly #startedMs: number;
  /** The steps that run, by their labels. */
  readonly #running = new Map<string, Running>();
  /** Columns of the names of steps. */
  readonly #width: number;
  readonly #live: LiveLines;
  #all: number;
  #done = 0;
  #failed = 0;

  constructor({ steps }: Pipeline, context: CommandContext) {
    const { io } = context;
    this.#context = context;
    this.#colors = createColors(io.stderr, io);
    this.#startedMs = io.system.monotonic();
    this.#width = Math.min(WIDEST_NAME, Math.max(...steps.map(({ id }) => displayWidth(id))));
    this.#all = steps.length;
    this.#live = showLiveLines(io, () => this.#lines());
  }

  hear(event: RunEvent): void {
    if (event.type === "run started") this.#all = event.steps;
    else if (event.type === "step started") this.#started(event);
    else if (event.type === "log") this.#logged(event);
    else if (event.type === "step retried") this.#retried(event);
    else if (event.type === "shard ended") this.#shardEnded(event);
    else if (event.type === "step ended") this.#stepEnded(event);
    this.#live.update();
  }

  end(): Promise<void> {
    return this.#live.end();
  }

  #started(event: EventOf<"step started">): void {
    const step = label(event);
    this.#running.set(step, { sinceMs: this.#context.io.system.monotonic(), last: "" });
    if (this.#live.isLive) return;
    this.#print(step, event.attempt === 1 ? "started" : `started, attempt ${event.attempt}`);
  }

  #logged(event: EventOf<"log">): void {
    const line = printable(event.line);
    const step = this.#running.get(label(event));
    if (step !== undefined && line.trim() !== "") step.last = line;
    if (this.#live.isLive && !this.#context.shared.verbose) return;
    this.#live.print(`${this.#padded(label(event))} | ${line}`);
  }

  #retried(event: EventOf<"step retried">): void {
    this.#running.delete(label(event));
    const again = `failed (${event.exit}), again in ${formatMs(event.inMs)}: ${event.message}`;
    this.#print(label(event), again);
  }

  #shardEnded(event: EventOf<"shard ended">): void {
    this.#running.delete(label(event));
    if (!this.#live.isLive || event.end === "failed") this.#printEnd(label(event), event);
  }

  #stepEnded(event: EventOf<"step ended">): void {
    this.#running.delete(event.step);
    this.#done++;
    if (event.end === "failed") this.#failed++;
    if (event.end !== "skipped" || this.#context.shared.verbose) this.#printEnd(event.step, event);
  }

  #print(step: string, text: string): void {
    this.#live.print(printable(`${this.#padded(step)}  ${text}`.trimEnd()));
  }

  #printEnd(step: string, outcome: StepOutcome): void {
    const line = printable(`${this.#padded(step)}  ${toldOutcome(outcome)}`);
    this.#live.print(outcome.end === "failed" ? this.#colors.red(line) : line);
  }

  #padded(step: string): string {
    return step + " ".repeat(Math.max(0, this.#width - displayWidth(step)));
  }

  #lines(): string[] {
    const now = this.#context.io.system.monotonic();
    const running = this.#running;
    const shown = [...running].slice(0, MOST_LINES).map(([step, { sinceMs, last }]) =>
      `${this.#padded(step)}  ${formatMs(now - sinceMs).padEnd(6)}  ${last}`.trimEnd()
    );
    if (running.size > MOST_LINES) shown.push(`… and ${running.size - MOST_LINES} more`);
    const parts = [`${this.#done} of ${this.#all} done`, `${running.size} running`];
    if (this.#failed > 0) parts.push(`${this.#failed} failed`);
    return [...shown, [...parts, formatMs(now - this.#startedMs)].join(", ")];
  }
}

type EventOf<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;

/** A step, or a shard of it: `train 2/4`. */
function label(
  { step, shard }: { step: string; shard?: { index: number; count: number } },
): string {
  return shard === undefined ? step : `${step} ${shard.index}/${shard.count}`;
}

/** What became of a step, in a line: `ran in 1.2s → data:clean@1.0.0`. */
export function toldOutcome({ end, durationMs, reason, exit, outputs = {} }: StepOutcome): string {
  const [first] = (reason ?? "").split("\n");
  if (end === "ran") return `ran in ${formatMs(durationMs)}${toldOutputs(outputs)}`;
  if (end === "failed") return `failed (${exit}) after ${formatMs(durationMs)}: ${first}`;
  return first === "" ? end : `${end}: ${first}`;
}

function toldOutputs(outputs: Record<string, string>): string {
  const places = Object.values(outputs);
  return places.length === 0 ? "" : ` → ${places.join(", ")}`;
}

/** Milliseconds as `0.3s`, `12s`, `3m20s`. */
export function formatMs(ms: number): string {
  return ms < 9_950 ? `${(ms / 1000).toFixed(1)}s` : formatSeconds(ms / 1000);
}
