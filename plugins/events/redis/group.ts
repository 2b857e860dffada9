// A member of a group, by a stream of Redis: it acknowledges an event after its handler has ended
// well, keeps those that it has while it lives, and takes over those of members that do not.
import { messageOf } from "../../../core/errors.ts";
import type { BusEvent, EventHandler } from "../../../core/event_bus.ts";
import { topicMatcher } from "../../../core/event_bus.ts";
import { ENDED, redeliveryMs, type SubscriptionPlan } from "../subscribing.ts";
import { decodeEvent } from "./envelope.ts";
import { createMember, type Entry, type GroupPlace } from "./member.ts";

/** How long the server is waited for in one request, milliseconds: then it is looked for members that died. */
const MOST_WAIT_MS = 5_000;
const PAUSE_MS = 1_000;

/** Joins a group, which is made where there is none: it hears of what is published from then on. */
export async function joinGroup(
  handler: EventHandler<BusEvent>,
  plan: SubscriptionPlan,
  place: GroupPlace,
): Promise<{ close(): Promise<void>; forget(): Promise<void> }> {
  const { takeOverAfterMs, system } = place;
  const waitMs = Math.min(MOST_WAIT_MS, takeOverAfterMs);
  const name = system.id();
  const member = createMember({ group: `${plan.group} ${plan.pattern}`, name }, place);
  const fits = topicMatcher(plan.pattern);
  const closing = new AbortController();
  const underWay = new Set<Promise<void>>();
  /** What this member has, by the id in the stream: being handled, or waiting for the next time. */
  const held = new Map<string, { failures: number; lost: AbortController }>();

  await member.create();
  const waiting = await place.connect(name);
  let troubled = false;

  function unreachable(error: unknown): void {
    if (!troubled) plan.trouble({ trouble: "unreachable", reason: messageOf(error) });
    troubled = true;
  }

  function tellLost(count: number): void {
    if (count > 0) {
      plan.trouble({ trouble: "lost", count, reason: "too many waited for their group" });
    }
  }

  async function handle(entry: Entry): Promise<void> {
    if (closing.signal.aborted) return;
    const event = decodeEvent(entry.text)!;
    const hold = held.get(entry.id)!;
    const signal = AbortSignal.any([closing.signal, hold.lost.signal]);
    try {
      await handler(event, { signal });
    } catch (error) {
      if (signal.aborted) return void (closing.signal.aborted || held.delete(entry.id)); // others go on with it
      const again = ++hold.failures < plan.attempts;
      plan.trouble({ trouble: "failed", event, error, again });
      if (again) return void retry(entry);
    }
    await acknowledge(entry.id);
  }

  /** Waits in the hands of this member, and does not keep others from being handled. */
  async function retry(entry: Entry): Promise<void> {
    const { failures, lost } = held.get(entry.id)!;
    try {
      await member.renew([[entry.id, failures]]).catch(unreachable);
      await system.sleep(
        redeliveryMs(plan, failures),
        AbortSignal.any([closing.signal, lost.signal]),
      );
    } catch {
      return; // the subscription has ended, or another member has it
    }
    while (underWay.size >= plan.concurrency) await Promise.race(underWay);
    if (!closing.signal.aborted && held.has(entry.id)) begin(entry);
  }

  /** What cannot be acknowledged comes again: at least once. */
  async function acknowledge(id: string): Promise<void> {
    try {
      await member.acknowledge(id);
    } catch (error) {
      unreachable(error);
    }
    held.delete(id);
  }

  function begin(entry: Entry): void {
    const handled = Promise.resolve().then(() => handle(entry)).finally(() =>
      underWay.delete(handled)
    );
    underWay.add(handled);
  }

  /** Begins what was read; what is of no concern is acknowledged at once. */
  async function take(entries: readonly Entry[]): Promise<void> {
    const others: string[] = [];
    for (const entry of entries) {
      const event = decodeEvent(entry.text);
      if (held.has(entry.id)) continue;
      const failures = entry.deliveries - 1;
      if (event === undefined || !fits(event.topic)) others.push(entry.id);
      else if (failures >= plan.attempts) {
        const error =
          `it was handed over ${failures} times, and its handlers died or were taken for dead`;
        plan.trouble({ trouble: "failed", event, error, again: false });
        others.push(entry.id);
      } else {
        held.set(entry.id, { failures, lost: new AbortController() });
        begin(entry);
      }
    }
    if (others.length > 0) await member.acknowledge(...others);
  }

  async function takeOver(room: number): Promise<number> {
    const { entries, gone } = await member.takeOver(room);
    tellLost(gone);
    await take(entries);
    return entries.length;
  }

  async function readOn(): Promise<void> {
    let lookedAt = -Infinity;
    while (!closing.signal.aborted) {
      try {
        const room = Math.min(plan.concurrency - underWay.size, plan.maxWaiting - held.size);
        if (room <= 0) {
          await Promise.race([
            ...underWay,
            ...(underWay.size < plan.concurrency ? [system.sleep(100)] : []),
          ]);
          continue;
        }
        if (system.monotonic() - lookedAt >= waitMs) {
          // As long as some are found there may be more.
          if (await takeOver(room) === room) continue;
          lookedAt = system.monotonic();
          continue;
        }
        const { entries, lost } = await member.read(waiting, { count: room, blockMs: waitMs });
        troubled = false;
        tellLost(lost);
        if (!closing.signal.aborted) await take(entries); // else they are for the next, as all that is left
      } catch (error) {
        if (closing.signal.aborted) return;
        if (await member.createAgain(error)) {
          const reason = "the server had forgotten the group, and what it had not heard of";
          plan.trouble({ trouble: "unreachable", reason });
          continue;
        }
        unreachable(error);
        await system.sleep(PAUSE_MS, closing.signal).catch(() => {});
      }
    }
  }

  /** Says that it lives; what others have taken over is not its own any more. */
  async function keepAlive(): Promise<void> {
    while (!closing.signal.aborted) {
      await system.sleep(takeOverAfterMs / 3, closing.signal).catch(() => {});
      if (closing.signal.aborted) return;
      try {
        for (
          const id of await member.renew([...held].map(([id, { failures }]) => [id, failures]))
        ) {
          held.get(id)?.lost.abort("taken over");
          held.delete(id);
        }
        await member.trim();
      } catch (error) {
        unreachable(error);
      }
    }
  }

  const reading = readOn();
  const living = keepAlive();
  return {
    async close() {
      closing.abort(ENDED);
      await member.wake(waiting, reading);
      await Promise.allSettled([reading, living, ...underWay]);
      waiting.close();
      await member.leave([...held].map(([id, { failures }]) => [id, failures])).catch(unreachable);
      await member.trim().catch(unreachable);
    },
    forget: () => member.forgetGroup(),
  };
}
