// A group of subscriptions that share events, each of which is handed over until a handler has
// ended well.
import type { BusEvent, EventHandler } from "../../../core/event_bus.ts";
import { ENDED, redeliveryMs, type SubscriptionPlan } from "../subscribing.ts";
import type { System } from "../../../core/system.ts";

export interface MemoryGroup {
  offer(event: () => BusEvent): void;
  join(handler: EventHandler<BusEvent>, plan: SubscriptionPlan): { close(): Promise<void> };
  forget(): void;
}

interface Entry {
  event: () => BusEvent;
  failures: number;
}

export function createMemoryGroup(
  { maxEvents, system }: { maxEvents: number; system: System },
): MemoryGroup {
  const waiting: Entry[] = [];
  const members = new Set<{ look(): void; plan: SubscriptionPlan }>();
  const forgotten = new AbortController();
  const look = () => members.forEach((member) => member.look());

  function trim(): void {
    if (waiting.length <= maxEvents) return;
    waiting.shift();
    for (const { plan } of members) {
      plan.trouble({
        trouble: "lost",
        count: 1,
        reason: `more than ${maxEvents} waited for their group`,
      });
    }
  }

  return {
    offer(event) {
      waiting.push({ event, failures: 0 });
      look();
      trim();
    },
    join(handler, plan) {
      const underWay = new Set<Promise<void>>();
      const closing = new AbortController();

      async function handle(entry: Entry): Promise<void> {
        const event = entry.event();
        try {
          await handler(event, { signal: closing.signal });
        } catch (error) {
          // Where the subscription has ended meanwhile, it did not fail: others go on with it.
          if (closing.signal.aborted) return back(entry);
          const again = ++entry.failures < plan.attempts;
          plan.trouble({ trouble: "failed", event, error, again });
          if (!again) return;
          system.sleep(redeliveryMs(plan, entry.failures), forgotten.signal).then(
            () => back(entry),
            () => {},
          );
        }
      }

      function back(entry: Entry): void {
        waiting.unshift(entry);
        look();
        trim();
      }

      const member = {
        plan,
        look() {
          while (
            waiting.length > 0 && underWay.size < plan.concurrency && !closing.signal.aborted
          ) {
            const next = waiting.shift()!;
            const handled = Promise.resolve().then(() => handle(next)).finally(() => {
              underWay.delete(handled);
              member.look();
            });
            underWay.add(handled);
          }
        },
      };
      members.add(member);
      member.look();
      return {
        async close() {
          members.delete(member);
          closing.abort(ENDED);
          await Promise.allSettled(underWay);
        },
      };
    },
    forget() {
      waiting.length = 0;
      forgotten.abort();
    },
  };
}
