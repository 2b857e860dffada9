// The points of a run that goes on: read as they come, each once.
import { PointLines } from "./point_lines.ts";
import { GrowingSteps, MOST_NUMBERS, type Steps } from "./steps.ts";

export class LivePoints {
  readonly #lines = new PointLines();
  readonly #read = new GrowingSteps();
  readonly #most: number;
  #isAll = true;
  #steps: Steps | undefined;

  /**
   * @param shares runs that share the numbers which are kept
   * @param most numbers of all of them
   */
  constructor(shares = 1, most = MOST_NUMBERS) {
    this.#most = most / shares;
  }

  /** Adds lines of JSON, up to the limit of numbers. */
  add(lines: string): void {
    if (lines === "") return;
    this.#steps = undefined;
    for (const row of this.#lines.rowsOf(lines.split("\n"))) {
      this.#isAll &&= this.#read.numbers < this.#most;
      if (!this.#isAll) return;
      this.#read.add(row);
    }
  }

  /** The numbers so far; the same object as before if no points were added. Undefined for none. */
  get steps(): Steps | undefined {
    if (this.#read.rows === 0) return undefined;
    return this.#steps ??= {
      columns: this.#read.named((i) => this.#lines.columns[i]!.name),
      rows: this.#read.rows,
      isAll: this.#isAll,
      moreColumns: this.#lines.leftOut.size,
    };
  }
}
