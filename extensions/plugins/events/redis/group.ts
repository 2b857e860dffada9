// A member of a group on a Redis stream. It acknowledges events after its handler succeeds, renews
// those that it holds, and takes over those of dead members.
import { messageOf, valueAt } from "../../../../core/kernel.ts";
import { type BusEvent, type EventHandler, topicMatcher } from "../event_bus.ts";
import { ENDED, redeliveryMs, type SubscriptionPlan } from "../subscribing.ts";
import type { RedisConnection } from "../../../queues/redis.ts";
import { decodeEvent } from "./envelope.ts";
import { type Entry, type Failures, type GroupPlace, Member } from "./member.ts";

/** Maximum wait of one read, milliseconds, before the next search for dead members. */
const MOST_WAIT_MS = 5_000;
const PAUSE_MS = 1_000;

/** Joins a group, or creates one that receives events from now on. */
export async function joinGroup(
  handler: EventHandler<BusEvent>,
  plan: SubscriptionPlan,
  place: GroupPlace,
): Promise<{ close(): Promise<void>; forget(): Promise<void> }> {
  const name = place.system.id();
  const member = new Member({ group: `${plan.group} ${plan.pattern}`, name }, place);
  await member.create();
  const waiting = await place.connect(name);
  const membership = new Membership(member, waiting, { handler, plan, place });
  const [reading, living] = [membership.readOn(), membership.keepAlive()];
  return { close: () => membership.close(reading, living), forget: () => member.forgetGroup() };
}

/** A running member of a group: its events and their handling. */
class Membership {
  readonly #member: Member;
  /** The connection for blocking reads. */
  readonly #waiting: RedisConnection;
  readonly #handler: EventHandler<BusEvent>;
  readonly #plan: SubscriptionPlan;
  readonly #place: GroupPlace;
  readonly #fits: (topic: string) => boolean;
  readonly #closing = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  /** Events of this member by stream id: running, or waiting for another attempt. */
  readonly #held = new Map<string, { failures: number; lost: AbortController }>();
  #troubled = false;

  constructor(
    member: Member,
    waiting: RedisConnection,
    { handler, plan, place }: {
      handler: EventHandler<BusEvent>;
      plan: SubscriptionPlan;
      place: GroupPlace;
    },
  ) {
    this.#member = member;
    this.#waiting = waiting;
    this.#handler = handler;
    this.#plan = plan;
    this.#place = place;
    this.#fits = topicMatcher(plan.pattern);
  }

  async readOn(): Promise<void> {
    const { signal } = this.#closing;
    for (let lookedAt = -Infinity; !signal.aborted;) {
      try {
        lookedAt = await this.#readOnce(lookedAt);
      } catch (error) {
        if (signal.aborted) return;
        if (await this.#member.createAgain(error)) {
          const reason = "the server lost the group and its undelivered events";
          this.#plan.trouble({ trouble: "unreachable", reason });
          continue;
        }
        this.#unreachable(error);
        await this.#place.system.sleep(PAUSE_MS, signal).catch(() => {});
      }
    }
  }

  /** Renews held events, and aborts handlers of events that others have taken over. */
  async keepAlive(): Promise<void> {
    const { signal } = this.#closing;
    const { system, takeOverAfterMs } = this.#place;
    while (!signal.aborted) {
      await system.sleep(takeOverAfterMs / 3, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        for (const id of await this.#member.renew(this.#failures())) {
          this.#held.get(id)?.lost.abort("taken over");
          this.#held.delete(id);
        }
        await this.#member.trim();
      } catch (error) {
        this.#unreachable(error);
      }
    }
  }

  /** @param reading the promise of `readOn`; `living` is that of `keepAlive` */
  async close(reading: Promise<void>, living: Promise<void>): Promise<void> {
    const unreachable = (error: unknown) => this.#unreachable(error);
    this.#closing.abort(ENDED);
    await this.#member.wake(this.#waiting, reading);
    await Promise.allSettled([reading, living, ...this.#underWay]);
    this.#waiting.close();
    await this.#member.leave(this.#failures()).catch(unreachable);
    await this.#member.trim().catch(unreachable);
  }

  /** Reads once. Returns when this member last searched for events of dead members. */
  async #readOnce(lookedAt: number): Promise<number> {
    const { concurrency, maxWaiting } = this.#plan;
    const { system, takeOverAfterMs } = this.#place;
    const underWay = this.#underWay;
    const room = Math.min(concurrency - underWay.size, maxWaiting - this.#held.size);
    if (room <= 0) {
      await Promise.race([
        ...underWay,
        ...(underWay.size < concurrency ? [system.sleep(100)] : []),
      ]);
      return lookedAt;
    }
    const blockMs = Math.min(MOST_WAIT_MS, takeOverAfterMs);
    if (system.monotonic() - lookedAt >= blockMs) {
      // A full batch: there may be more.
      return await this.#takeOver(room) === room ? lookedAt : system.monotonic();
    }
    const { entries, lost } = await this.#member.read(this.#waiting, { count: room, blockMs });
    this.#troubled = false;
    this.#reportLost(lost);
    if (!this.#closing.signal.aborted) await this.#take(entries); // else they go to other members
    return lookedAt;
  }

  async #takeOver(room: number): Promise<number> {
    const { entries, gone } = await this.#member.takeOver(room);
    this.#reportLost(gone);
    await this.#take(entries);
    return entries.length;
  }

  /** Starts handling events. Acknowledges those of other topics at once. */
  async #take(entries: readonly Entry[]): Promise<void> {
    const others: string[] = [];
    for (const entry of entries) {
      const event = decodeEvent(entry.text);
      if (this.#held.has(entry.id)) continue;
      const failures = entry.deliveries - 1;
      if (event === undefined || !this.#fits(event.topic)) others.push(entry.id);
      else if (failures >= this.#plan.attempts) {
        const error = `its handlers died in ${failures} deliveries`;
        this.#plan.trouble({ trouble: "failed", event, error, again: false });
        others.push(entry.id);
      } else {
        this.#held.set(entry.id, { failures, lost: new AbortController() });
        this.#begin(entry);
      }
    }
    if (others.length > 0) await this.#member.acknowledge(...others);
  }

  #begin(entry: Entry): void {
    const handled = Promise.resolve().then(() => this.#handle(entry)).finally(() =>
      this.#underWay.delete(handled)
    );
    this.#underWay.add(handled);
  }

  async #handle(entry: Entry): Promise<void> {
    const closing = this.#closing.signal;
    if (closing.aborted) return;
    const event = decodeEvent(entry.text)!;
    const hold = valueAt(this.#held, entry.id);
    const signal = AbortSignal.any([closing, hold.lost.signal]);
    try {
      await this.#handler(event, { signal });
    } catch (error) {
      if (signal.aborted) return void (closing.aborted || this.#held.delete(entry.id));
      const again = ++hold.failures < this.#plan.attempts;
      this.#plan.trouble({ trouble: "failed", event, error, again });
      if (again) return void this.#retry(entry);
    }
    await this.#acknowledge(entry.id);
  }

  /** Waits, then handles the event again, without blocking others. */
  async #retry(entry: Entry): Promise<void> {
    const { failures, lost } = valueAt(this.#held, entry.id);
    const closing = this.#closing.signal;
    try {
      await this.#member.renew([[entry.id, failures]]).catch((error) => this.#unreachable(error));
      await this.#place.system.sleep(
        redeliveryMs(this.#plan, failures),
        AbortSignal.any([closing, lost.signal]),
      );
    } catch {
      return; // the subscription has ended, or another member has it
    }
    while (this.#underWay.size >= this.#plan.concurrency) await Promise.race(this.#underWay);
    if (!closing.aborted && this.#held.has(entry.id)) this.#begin(entry);
  }

  /** Acknowledges an event; after a failure it is delivered again. */
  async #acknowledge(id: string): Promise<void> {
    try {
      await this.#member.acknowledge(id);
    } catch (error) {
      this.#unreachable(error);
    }
    this.#held.delete(id);
  }

  #failures(): Failures {
    return [...this.#held].map(([id, { failures }]) => [id, failures]);
  }

  #unreachable(error: unknown): void {
    if (!this.#troubled) this.#plan.trouble({ trouble: "unreachable", reason: messageOf(error) });
    this.#troubled = true;
  }

  #reportLost(count: number): void {
    const reason = "too many were waiting for their group";
    if (count > 0) this.#plan.trouble({ trouble: "lost", count, reason });
  }
}
