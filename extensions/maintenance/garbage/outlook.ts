// Until when a look at a name would find the same, if nothing is written: the earliest time that one
// of the comparisons with the mark would have another result. Comparisons note it themselves, in
// `Collection`, so no decision is forgotten.
import { sha256 } from "../../../core/kernel.ts";

/** Every name is looked at this often: an upload that ended before its commit changes no record. */
export const LOOK_AGAIN_MS: number = 30 * 24 * 60 * 60 * 1000;

/** Garbage that is too young: objects, bytes, and when the first can be removed. */
export interface Waiting {
  count: number;
  bytes: number;
  /** Time of the store, milliseconds. */
  nextAt: number;
}

export class Outlook {
  /** Time of the store, milliseconds. */
  until: number = Infinity;
  /** True if the next run must look again in any case. */
  isOpen: boolean = false;
  readonly waiting: Waiting = { count: 0, bytes: 0, nextAt: Infinity };

  /** Notes a time at which a comparison will have another result. */
  changesAt(time: number): void {
    this.until = Math.min(this.until, time);
  }

  waits({ count, bytes, nextAt }: Waiting): void {
    this.changesAt(nextAt);
    this.waiting.count += count;
    this.waiting.bytes += bytes;
    this.waiting.nextAt = Math.min(this.waiting.nextAt, nextAt);
  }
}

/**
 * Returns when a name is looked at in any case. The time depends on the name, so that each night
 * looks at a part of the names.
 */
export function lookAgainAt(mark: number, name: string): number {
  const phase = parseInt(sha256(name).slice(0, 12), 16) % LOOK_AGAIN_MS;
  return mark + LOOK_AGAIN_MS - (mark + LOOK_AGAIN_MS - phase) % LOOK_AGAIN_MS;
}
