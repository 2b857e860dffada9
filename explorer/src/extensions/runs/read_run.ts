// A run that programs log to, as far as it is read: its points, each read once.
import { nameSegment } from "../../../../core/naming/names.ts";
import { namePath } from "../../api/artifacts.ts";
import type { LoggedRun } from "../../api/logged_runs.ts";
import type { Service } from "../../api/service.ts";
import { LivePoints } from "../../curves/live_points.ts";
import type { Steps } from "../../curves/steps.ts";

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

  /** @param most numbers that are kept */
  constructor(path: string, most: number) {
    this.path = path;
    this.#points = new LivePoints(most);
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
