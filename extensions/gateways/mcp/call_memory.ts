// The memory of calls, for all clients of this process together: what one of them unpacks or
// parses may be a thousand times as large as its file.
import { createBudget, createLimit, unavailable } from "../../../core/kernel.ts";
import { createLedger } from "../../../apps/server/extending.ts";

const MIB = 1024 ** 2;

/** An isolate of a Worker has 128 MB, and its requests must not wait for each other. */
const IS_WORKER = "FixedLengthStream" in globalThis;
const LIMITS = IS_WORKER
  ? { callBytes: 16 * MIB, totalBytes: 32 * MIB }
  : { callBytes: 64 * MIB, totalBytes: 512 * MIB };
/** Calls of one client at a time, so that others get a turn. */
const PER_CLIENT = 4;
/** How long a call counts whose request a Worker cut. */
const LASTS_MS = 60_000;

/** The memory of one call. */
export interface CallMemory {
  readonly bytes: number;
  /**
   * Waits for all memory of the process, and returns false if the call already has it. Drop what
   * was read before: it does not count while the call waits.
   */
  grow(): Promise<boolean>;
}

export type WithMemory = <T>(
  signal: AbortSignal,
  run: (memory: CallMemory) => Promise<T>,
) => Promise<T>;

interface CallLimits {
  callBytes: number;
  totalBytes: number;
}

/** The memory of all calls. */
interface SharedMemory {
  readonly heldBytes: number;
  /** @param client whose calls wait for each other, so that those of others get a turn */
  forClient(client: string): WithMemory;
}

/** Creates a memory whose calls wait for each other, in order. */
export function createWaitingMemory({ callBytes, totalBytes }: CallLimits): SharedMemory {
  const budget = createBudget(totalBytes);
  const limits = new Map<string, ReturnType<typeof createLimit>>();
  let heldBytes = 0;
  return {
    get heldBytes() {
      return heldBytes;
    },
    forClient(client) {
      const limit = limits.get(client) ?? createLimit(PER_CLIENT);
      limits.set(client, limit);
      return (signal, run) =>
        limit(async () => {
          let bytes = 0;
          const give = () => {
            heldBytes -= bytes;
            budget.give(bytes);
            bytes = 0;
          };
          const take = async (next: number) => {
            give();
            await budget.take(next, signal);
            heldBytes += bytes = next;
          };
          await take(callBytes);
          try {
            return await run({
              get bytes() {
                return bytes;
              },
              async grow() {
                if (bytes === totalBytes) return false;
                await take(totalBytes);
                return true;
              },
            });
          } finally {
            give();
          }
        });
    },
  };
}

/** Creates a memory that refuses a call if there is no room. */
export function createRefusingMemory({ callBytes, totalBytes }: CallLimits): SharedMemory {
  const ledger = createLedger(totalBytes, { lastsMs: LASTS_MS });
  const withMemory: WithMemory = async (_signal, run) => {
    const entry = ledger.open();
    if (!entry.add(callBytes)) {
      throw unavailable("answer", undefined, "too many calls at once", { hint: "Call again." });
    }
    try {
      return await run({ bytes: callBytes, grow: () => Promise.resolve(false) });
    } finally {
      entry.close();
    }
  };
  return {
    get heldBytes() {
      return ledger.heldBytes;
    },
    forClient: () => withMemory,
  };
}

/** The memory of this process. */
export const callMemory: SharedMemory = IS_WORKER
  ? createRefusingMemory(LIMITS)
  : createWaitingMemory(LIMITS);
