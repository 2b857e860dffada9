// Memory of JSON bodies, for all requests of this process together. A body is counted as it
// arrives; parsed, it takes several times as much, so bodies wait for each other before that.
import { fixedLength } from "../../../core/bytes/bytes.ts";
import { createBudget } from "../../../core/work/budget.ts";
import { eitherSignal } from "../../../core/work/until_aborted.ts";
import { realSystem, type System } from "../../../core/system.ts";
import { RefusedRequest } from "../problem.ts";
import { createLedger, type Ledger } from "./ledger.ts";

/** Heap of a body and what becomes of it, for each byte of its text and for what is in it. */
const COSTS = { byte: 8, comma: 64, array: 128, object: 512 };
/** The uncounted part of each body: all connections together have 256 MiB of it. */
const FREE_BYTES = 64 * 1024;
/** A body that costs less does not wait for larger ones. */
const SMALL_COST = 1024 ** 2;

export interface BodyParts {
  bytes: number;
  commas: number;
  arrays: number;
  objects: number;
}

/** The body of one request. */
export interface HeldBody {
  /** Counts bytes that arrived. Throws 503 if the process holds too many. */
  arrived(bytes: number): void;
  /** Waits until the process has memory to parse it. Throws 503 if that takes too long. */
  parse(parts: BodyParts, signal: AbortSignal): Promise<void>;
  /** Its request has been answered. */
  end(): void;
}

export interface BodyMemory {
  /** Costs of all bodies that are parsed, and bytes of those that arrive. */
  readonly held: { arriving: number; parsed: number };
  hold(): HeldBody;
}

export interface BodyMemoryOptions {
  /** All bodies that arrive or wait, bytes. */
  arrivingBytes: number;
  /** All bodies that are parsed, bytes of heap. */
  parsedBytes: number;
  /** The longest wait of a body for others; none if requests cannot wait for each other. */
  waitMs?: number;
  system?: Pick<System, "sleep" | "monotonic">;
}

/** How long a body counts whose request was cut, which only a Worker does. */
const LASTS_MS = 60_000;

const MIB = 1024 ** 2;

/** An isolate of a Worker has 128 MB, and its requests must not wait for each other. */
const LIMITS = {
  service: { arrivingBytes: 256 * MIB, parsedBytes: 256 * MIB, waitMs: 60_000 },
  worker: { arrivingBytes: 16 * MIB, parsedBytes: 48 * MIB },
};

const memories: Partial<Record<keyof typeof LIMITS, BodyMemory>> = {};

/** Returns the memory of this process, which all its handlers share. */
export function bodyMemoryOfProcess(): BodyMemory {
  const place = fixedLength === undefined ? "service" : "worker";
  return memories[place] ??= createBodyMemory(LIMITS[place]);
}

/** No process gets less: one large body needs so much. */
const LEAST_SHARE = 64 * MIB;

/** Creates the memory of one of several processes of a service. */
export function createMemoryShare(processes: number): BodyMemory {
  const shareOf = (bytes: number) => Math.max(Math.floor(bytes / processes), LEAST_SHARE);
  const { arrivingBytes, parsedBytes, waitMs } = LIMITS.service;
  return createBodyMemory({
    arrivingBytes: shareOf(arrivingBytes),
    parsedBytes: shareOf(parsedBytes),
    waitMs,
  });
}

export function createBodyMemory(options: BodyMemoryOptions): BodyMemory {
  const { arrivingBytes, parsedBytes, waitMs, system = realSystem } = options;
  const arriving = createLedger(arrivingBytes, { lastsMs: LASTS_MS + (waitMs ?? 0), system });
  const parsed = waitMs === undefined
    ? refusing(createLedger(parsedBytes, { lastsMs: LASTS_MS, system }), parsedBytes)
    : waiting({ parsedBytes, waitMs, system });
  return {
    get held() {
      return { arriving: arriving.heldBytes, parsed: parsed.heldBytes };
    },
    hold() {
      const entry = arriving.open();
      let free = FREE_BYTES;
      let give = () => {};
      return {
        arrived(bytes) {
          const counted = Math.max(bytes - free, 0);
          free = Math.max(free - bytes, 0);
          if (counted > 0 && !entry.add(counted)) throw tooManyAtOnce();
        },
        async parse(parts, signal) {
          give = await parsed.take(costOf(parts), signal);
          entry.close();
        },
        end() {
          entry.close();
          give();
          give = () => {};
        },
      };
    },
  };
}

interface ParsedMemory {
  readonly heldBytes: number;
  /** Returns a function that gives the memory back. */
  take(cost: number, signal: AbortSignal): Promise<() => void>;
}

function waiting(
  { parsedBytes, waitMs, system }: Omit<Required<BodyMemoryOptions>, "arrivingBytes">,
): ParsedMemory {
  const small = createBudget(parsedBytes / 4), large = createBudget(parsedBytes * 3 / 4);
  let heldBytes = 0;
  return {
    get heldBytes() {
      return heldBytes;
    },
    async take(cost, ofRequest) {
      const late = new AbortController();
      const ended = new AbortController();
      void system.sleep(waitMs, ended.signal).then(() => late.abort(), () => {});
      const budget = cost <= SMALL_COST ? small : large;
      try {
        await budget.take(cost, eitherSignal(late.signal, ofRequest));
      } catch (error) {
        throw late.signal.aborted ? tooManyAtOnce() : error;
      } finally {
        ended.abort();
      }
      heldBytes += cost;
      return () => {
        heldBytes -= cost;
        budget.give(cost);
      };
    },
  };
}

function refusing(ledger: Ledger, mostBytes: number): ParsedMemory {
  return {
    get heldBytes() {
      return ledger.heldBytes;
    },
    take(cost) {
      const entry = ledger.open();
      if (entry.add(cost)) return Promise.resolve(entry.close);
      return Promise.reject(cost > mostBytes ? tooCostly() : tooManyAtOnce());
    },
  };
}

function costOf({ bytes, commas, arrays, objects }: BodyParts): number {
  const { byte, comma, array, object } = COSTS;
  return byte * bytes + comma * commas + array * arrays + object * objects;
}

function tooManyAtOnce(): RefusedRequest {
  return refused(503, "Unavailable", "too many large requests at once");
}

function tooCostly(): RefusedRequest {
  return refused(413, "Invalid", "a Worker has too little memory to parse it");
}

function refused(status: number, code: "Unavailable" | "Invalid", state: string): RefusedRequest {
  const instead =
    "Send large files to /uploads or /contents first, and many files in several parts " +
    "of a draft.";
  const hint = code === "Invalid" ? instead : `Send it again. ${instead}`;
  const headers = { connection: "close" };
  return new RefusedRequest({ status, code, action: "read the body", state, hint, headers });
}
