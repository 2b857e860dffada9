// A run that programs log to, as far as it is read: its points, each read once.
import { nameSegment } from "../../../../core/naming/names.ts";
import { type LoggedRun, namePath, type Service, type Steps } from "../../extending.ts";
import { LivePoints } from "../../curves/live_points.ts";

/** Milliseconds between requests for new points. */
export const LIVE_MS = 3000;

export interface ShownRun {
  readonly run: LoggedRun;
  readonly steps?: Steps;
}

/** Returns the path of a run in the API. */
export function runPath(name: string, id: string): string {
  return `${namePath(name)}/runs/${nameSegment(id)}`;
}

export class ReadRun {
  readonly path: string;
  readonly #points: LivePoints;
  #next: string | undefined;

  /** @param shares runs that share the numbers which are kept */
  constructor(path: string, shares?: number) {
    this.path = path;
    this.#points = new LivePoints(shares);
  }

  /** Reads the points that are new. */
  async readOn(service: Service, signal: AbortSignal): Promise<ShownRun> {
    for (;;) {
      const query = { after: this.#next };
      const page = await service.json<LoggedRun & { lines: string; next: string; more: boolean }>(
        this.path,
        { query, signal },
      );
      this.#points.add(page.lines);
      this.#next = page.next;
      if (!page.more) return { run: page, steps: this.#points.steps };
    }
  }
}
