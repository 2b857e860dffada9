// Places for requests that read lists of any length, among all requests of this process. A sender
// gets at most half of them, so that others find one free, and waiting senders take turns. A request
// holds one place at a time.
import { fixedLength } from "../../../core/bytes/bytes.ts";
import type { System } from "../../../core/system.ts";
import { RefusedRequest } from "../problem.ts";
import { withinMs } from "../within_time.ts";

interface Sender {
  running: number;
  /** Functions that let a request go on, the oldest first. */
  waiting: Set<() => void>;
}

/** Requests that read lists at once: from a disk they need the processor, from elsewhere they wait. */
const LISTS = { near: 24, far: 64 };
/** Archives that are being sent: each takes some 100 bytes for each file that it has sent. */
const ARCHIVES = 64;
/** The longest wait for the first place of a request, milliseconds. */
const WAIT_MS = 60_000;

export class Places {
  readonly #total: number;
  readonly #system: Pick<System, "sleep">;
  /** Senders with a request, the one whose turn is next first. */
  readonly #senders = new Map<string, Sender>();
  #running = 0;

  /** @param total requests that run at once */
  constructor(total: number, system: Pick<System, "sleep">) {
    this.#total = total;
    this.#system = system;
  }

  /** Requests that have a place, and those that wait for one. */
  get counts(): { running: number; waiting: number } {
    const waiting = [...this.#senders.values()].reduce((sum, each) => sum + each.waiting.size, 0);
    return { running: this.#running, waiting };
  }

  /**
   * Waits for a place, and returns a function that gives it back. With a signal, which is only read
   * if there is none free, it throws 503 once it aborts, or after a minute.
   */
  async take(id: string, signalOf?: () => AbortSignal): Promise<() => void> {
    const sender = this.#senders.get(id) ?? { running: 0, waiting: new Set() };
    this.#senders.set(id, sender);
    const { promise, resolve: goOn } = Promise.withResolvers<void>();
    sender.waiting.add(goOn);
    this.#admit();
    if (signalOf && sender.waiting.has(goOn)) {
      const signal = signalOf();
      if (signal.aborted) goOn(); // without a place
      signal.addEventListener("abort", () => goOn(), { once: true });
      await withinMs(WAIT_MS, promise, this.#system);
    } else await promise;
    if (!sender.waiting.delete(goOn)) return this.#giver(id, sender);
    this.#forget(id, sender);
    throw tooMany();
  }

  /** Lets requests go on, one of each sender in turn. */
  #admit(): void {
    for (const [id, sender] of this.#senders) {
      if (this.#running >= this.#total) return;
      const [goOn] = sender.waiting;
      if (goOn === undefined || sender.running >= this.#total / 2) continue;
      sender.waiting.delete(goOn);
      sender.running++;
      this.#running++;
      this.#senders.delete(id); // to the end: the others come first
      this.#senders.set(id, sender);
      goOn();
    }
  }

  #giver(id: string, sender: Sender): () => void {
    let isGiven = false;
    return () => {
      if (isGiven) return;
      isGiven = true;
      sender.running--;
      this.#running--;
      this.#forget(id, sender);
      this.#admit();
    };
  }

  #forget(id: string, { running, waiting }: Sender): void {
    if (running === 0 && waiting.size === 0) this.#senders.delete(id);
  }
}

/** Creates the places of a service. Requests to a Worker must not wait for each other. */
export function createPlaces(
  store: keyof typeof LISTS | "worker",
  system: Pick<System, "sleep">,
): { lists?: Places; archives?: Places } {
  if (fixedLength !== undefined) return {};
  const lists = LISTS[store === "worker" ? "far" : store];
  return { lists: new Places(lists, system), archives: new Places(ARCHIVES, system) };
}

function tooMany(): RefusedRequest {
  return new RefusedRequest({
    status: 503,
    code: "Unavailable",
    action: "answer",
    state: "too many requests for long lists or archives at once",
    hint: "Send fewer at once, and repeat this one later.",
  });
}
