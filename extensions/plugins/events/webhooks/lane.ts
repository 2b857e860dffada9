// The deliveries to one target. Each target has its own places, so one that is slow or never answers
// delays no other.
import type { System } from "../../../../mod.ts";

/** A target that was silent so often in a row is paused. */
const MOST_SILENT = 3;
const PAUSE_MS = 60_000;

/** The longest wait for a place, milliseconds. */
const MOST_WAIT_MS = 60_000;

/** A running delivery. */
export interface Place {
  /** Ends it. @param isSilent the target did not answer in time */
  leave(isSilent: boolean): void;
}

/** A delivery without a place: its target is paused, or all places are taken for a while. */
export type NoPlace = "paused" | { afterMs: number };

export class Lane {
  readonly #places: number;
  readonly #system: Pick<System, "monotonic">;
  /** When each running delivery began, the oldest first. */
  readonly #began = new Map<Place, number>();
  /** Deliveries without an answer in time, in a row. */
  #silent = 0;
  #pausedUntil = -Infinity;
  /** How long the last delivery took, milliseconds. */
  #lastMs = 0;
  /** When the last delivery without a place is to come again. */
  #nextAt = -Infinity;

  constructor(places: number, system: Pick<System, "monotonic">) {
    this.#places = places;
    this.#system = system;
  }

  /** Takes a place. The first delivery after a pause runs alone: it shows whether others may follow. */
  take(): Place | NoPlace {
    const now = this.#system.monotonic();
    const isProbed = this.#silent >= MOST_SILENT && this.#began.size > 0;
    if (isProbed || now < this.#pausedUntil) return "paused";
    if (this.#began.size >= this.#places) return this.#later(now);
    const place: Place = { leave: (isSilent) => this.#leave(place, isSilent) };
    this.#began.set(place, now);
    return place;
  }

  /** Spreads deliveries over the time in which places will be free, as far as that is known. */
  #later(now: number): { afterMs: number } {
    const [oldest = now] = this.#began.values();
    const tookMs = Math.max(this.#lastMs, now - oldest, 1);
    this.#nextAt = Math.max(this.#nextAt, now) + tookMs / this.#places;
    return { afterMs: Math.min(Math.ceil(this.#nextAt - now), MOST_WAIT_MS) };
  }

  #leave(place: Place, isSilent: boolean): void {
    const now = this.#system.monotonic();
    this.#lastMs = now - (this.#began.get(place) ?? now);
    this.#began.delete(place);
    this.#silent = isSilent ? this.#silent + 1 : 0;
    if (this.#silent >= MOST_SILENT) this.#pausedUntil = now + PAUSE_MS;
  }
}
