// Groups of subscriptions that share events. An event is delivered until a handler succeeds.
import type { BusEvent, EventHandler } from "../event_bus.ts";
import { ENDED, redeliveryMs, type SubscriptionPlan } from "../subscribing.ts";
import type { System } from "../../../../mod.ts";

interface Entry {
  event: () => BusEvent;
  failures: number;
}

export class MemoryGroup {
  readonly #maxEvents: number;
  readonly #system: System;
  readonly #waiting: Entry[] = [];
  readonly #members = new Set<Member>();
  readonly #forgotten = new AbortController();

  constructor({ maxEvents, system }: { maxEvents: number; system: System }) {
    this.#maxEvents = maxEvents;
    this.#system = system;
  }

  offer(event: () => BusEvent): void {
    this.#waiting.push({ event, failures: 0 });
    this.#look();
    this.#trim();
  }

  join(handler: EventHandler<BusEvent>, plan: SubscriptionPlan): { close(): Promise<void> } {
    const member = new Member(this, handler, plan);
    this.#members.add(member);
    member.look();
    return {
      close: () => {
        this.#members.delete(member);
        return member.close();
      },
    };
  }

  forget(): void {
    this.#waiting.length = 0;
    this.#forgotten.abort();
  }

  next(): Entry | undefined {
    return this.#waiting.shift();
  }

  backLater(entry: Entry, ms: number): void {
    this.#system.sleep(ms, this.#forgotten.signal).then(() => this.back(entry), () => {});
  }

  /** Takes an unhandled event back. */
  back(entry: Entry): void {
    this.#waiting.unshift(entry);
    this.#look();
    this.#trim();
  }

  #look(): void {
    for (const member of this.#members) member.look();
  }

  #trim(): void {
    if (this.#waiting.length <= this.#maxEvents) return;
    this.#waiting.shift();
    const reason = `more than ${this.#maxEvents} were waiting for their group`;
    for (const { plan } of this.#members) plan.trouble({ trouble: "lost", count: 1, reason });
  }
}

class Member {
  readonly plan: SubscriptionPlan;
  readonly #group: MemoryGroup;
  readonly #handler: EventHandler<BusEvent>;
  readonly #underWay = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(group: MemoryGroup, handler: EventHandler<BusEvent>, plan: SubscriptionPlan) {
    this.#group = group;
    this.#handler = handler;
    this.plan = plan;
  }

  /** Starts handling waiting events, up to the concurrency. */
  look(): void {
    while (this.#underWay.size < this.plan.concurrency && !this.#closing.signal.aborted) {
      const entry = this.#group.next();
      if (entry === undefined) return;
      const handled = Promise.resolve().then(() => this.#handle(entry)).finally(() => {
        this.#underWay.delete(handled);
        this.look();
      });
      this.#underWay.add(handled);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(ENDED);
    await Promise.allSettled(this.#underWay);
  }

  async #handle(entry: Entry): Promise<void> {
    const { signal } = this.#closing;
    const event = entry.event();
    try {
      await this.#handler(event, { signal });
    } catch (error) {
      // The subscription ended meanwhile: other members handle the event.
      if (signal.aborted) return this.#group.back(entry);
      const again = ++entry.failures < this.plan.attempts;
      this.plan.trouble({ trouble: "failed", event, error, again });
      if (again) this.#group.backLater(entry, redeliveryMs(this.plan, entry.failures));
    }
  }
}
