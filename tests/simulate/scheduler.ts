// Virtual time: events run one after the other, each until the program waits for the next.
import { setImmediate } from "node:timers";
import type { Random } from "./random.ts";

/** The owner of an event: a paused one delays it, a killed one drops it. */
export interface EventOwner {
  readonly pausedUntil: number;
  readonly killed: boolean;
}

export interface Scheduler {
  now(): number;
  at(moment: number, action: () => void, owner?: EventOwner): void;
  run<T>(program: () => Promise<T>): Promise<T>;
  hold<T>(work: Promise<T>): Promise<T>;
}

interface Event {
  moment: number;
  tie: number;
  action: () => void;
  owner?: EventOwner;
}

export function createScheduler(random: Random, startMs: number): Scheduler {
  const heap: Event[] = [];
  let now = startMs;
  let held = 0;

  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

  async function quiesce(): Promise<void> {
    do await turn(); while (held > 0);
  }

  function step(): void {
    const event = pop(heap)!;
    if (event.owner?.killed) return;
    if (event.owner !== undefined && event.owner.pausedUntil > event.moment) {
      return push(heap, { ...event, moment: event.owner.pausedUntil });
    }
    now = Math.max(now, event.moment);
    event.action();
  }

  return {
    now: () => now,
    at(moment, action, owner) {
      push(heap, { moment: Math.max(moment, now), tie: random.next(), action, owner });
    },
    async run(program) {
      let done = false;
      const result = program().finally(() => done = true);
      result.catch(() => {}); // awaited below
      for (await quiesce(); !done; await quiesce()) {
        if (heap.length === 0) {
          throw new Error("Cannot go on: the program waits for nothing that will happen");
        }
        step();
      }
      return await result;
    },
    async hold(work) {
      held++;
      try {
        return await work;
      } finally {
        held--;
      }
    },
  };
}

function before(a: Event, b: Event): boolean {
  return a.moment < b.moment || (a.moment === b.moment && a.tie < b.tie);
}

function push(heap: Event[], event: Event): void {
  let place = heap.length;
  for (; place > 0; place = (place - 1) >> 1) {
    const parent = heap[(place - 1) >> 1];
    if (!before(event, parent)) break;
    heap[place] = parent;
  }
  heap[place] = event;
}

function pop(heap: Event[]): Event | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (heap.length === 0 || last === undefined) return first;
  let place = 0;
  for (let child = 1; child < heap.length; child = 2 * place + 1) {
    if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
    if (!before(heap[child], last)) break;
    heap[place] = heap[child];
    place = child;
  }
  heap[place] = last;
  return first;
}
