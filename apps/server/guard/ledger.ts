// Memory that many requests hold, where none can wait for another.
import { realSystem, type System } from "../../../core/system.ts";

interface Entry {
  /** Adds bytes, or returns false if there is no room. */
  add(bytes: number): boolean;
  /** Gives all bytes back. */
  close(): void;
}

/**
 * A limit for all entries together.
 *
 * @internal
 */
export interface Ledger {
  readonly heldBytes: number;
  open(): Entry;
}

/**
 * Creates a ledger. Entries of requests that a runtime cut are never closed, so each counts for a
 * limited time.
 */
export function createLedger(
  totalBytes: number,
  { lastsMs, system = realSystem }: { lastsMs: number; system?: Pick<System, "monotonic"> },
): Ledger {
  const entries = new Map<Entry, { bytes: number; until: number }>();
  const held = () => {
    let sum = 0;
    const now = system.monotonic();
    for (const [entry, { bytes, until }] of entries) {
      if (now < until) sum += bytes;
      else entries.delete(entry);
    }
    return sum;
  };
  return {
    get heldBytes() {
      return held();
    },
    open() {
      const entry: Entry = {
        add(bytes) {
          if (held() + bytes > totalBytes) return false;
          const known = entries.get(entry) ?? { bytes: 0, until: system.monotonic() + lastsMs };
          entries.set(entry, { ...known, bytes: known.bytes + bytes });
          return true;
        },
        close: () => void entries.delete(entry),
      };
      return entry;
    },
  };
}
