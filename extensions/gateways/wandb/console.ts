// The console as `run.console_logs()` of clients reads it: pages of lines, and the last ones.
import { giveWay, keepNewest, orMissing } from "../../../core/kernel.ts";
import type { Routes } from "../../../apps/gateways.ts";
import { textLines } from "../../runs/mlflow/stored_run.ts";
import { CONSOLE_FILE, type ConsoleLine, consoleLines } from "../../runs/wandb/streamed_files.ts";
import type { ReadableRun } from "./known_run.ts";
import { query } from "./operations.ts";
import type { WandbRuns } from "./run_store.ts";
import { integer, maybe, ofPage } from "./schemas.ts";

/** Lines of an answer, and characters that end it. */
const USUAL = 1000, MOST_LINES = 10_000, MOST_CHARACTERS = 2 ** 22;
/** Consoles of runs that go on that are kept between pages, and characters of one. */
const MOST_KEPT = 4, MOST_KEPT_CHARACTERS = 2 ** 24;

interface Line extends ConsoleLine {
  readonly number: number;
  /** The byte of the next line in the file of a run that has ended. */
  readonly end?: number;
}

export function consoleQueries(routes: Routes, runs: WandbRuns): void {
  const kept = new Map<string, readonly ConsoleLine[]>();

  /** Returns the lines of a run that goes on. */
  const sentLines = async ({ key, id, look }: ReadableRun & { state: "open" }) => {
    const state = JSON.stringify([key, id, look.draft.parts.size]);
    const known = kept.get(state) ?? await consoleLines(look);
    const size = known.reduce((sum, { text }) => sum + text.length, 0);
    if (size <= MOST_KEPT_CHARACTERS) kept.set(state, known);
    keepNewest(kept, MOST_KEPT);
    return known;
  };

  /** Yields the lines from a number on, which begins at a byte of the file if that is known. */
  async function* linesFrom(
    run: ReadableRun,
    first: number,
    offset?: number,
  ): AsyncGenerator<Line> {
    if (run.state === "open") {
      const lines = await sentLines(run);
      for (let number = first; number < lines.length; number++) {
        await giveWay();
        yield { number, ...lines[number]! };
      }
      return;
    }
    const { opened } = run, file = await orMissing((async () => await opened.file(CONSOLE_FILE))());
    let number = offset === undefined ? 0 : first;
    for await (const { text, end } of file ? textLines(file, offset) : []) {
      await giveWay();
      if (number >= first) yield { number, text, end };
      number++;
    }
  }

  const of: Parameters<typeof query>[0] = [routes, runs];
  const asked = { first: ofPage.perPage, after: maybe };
  query(of, "RunConsoleLogPage", asked, async (run, { first, after = "" }) => {
    const [number = 0, offset] = after.split(".").map((each) => Number(each) || 0);
    const most = Math.min(first ?? USUAL, MOST_LINES), lines: Line[] = [];
    let size = 0, hasNextPage = false;
    for await (const line of linesFrom(run, number, offset)) {
      hasNextPage = lines.length >= most || size > MOST_CHARACTERS;
      if (hasNextPage) break;
      size += lines.push(line) && line.text.length;
    }
    const last = lines.at(-1), next = last && [last.number + 1, last.end];
    const endCursor = next?.filter((each) => each !== undefined).join(".") ?? null;
    return { logLines: { edges: lines.map(edgeOf), pageInfo: { endCursor, hasNextPage } } };
  });

  query(of, "RunConsoleLogTail", { last: integer(1) }, async (run, { last }) => {
    const lines: Line[] = [], most = Math.min(last, MOST_LINES);
    let size = 0;
    for await (const line of linesFrom(run, 0)) {
      size += lines.push(line) && line.text.length;
      while (lines.length > most || lines.length > 1 && size > MOST_CHARACTERS) {
        size -= lines.shift()!.text.length;
      }
    }
    return { logLines: { edges: lines.map(edgeOf) } };
  });
}

function edgeOf({ number, text: line, time = "", level = "", label = "" }: Line) {
  return { node: { number, timestamp: time, level, label, line } };
}
