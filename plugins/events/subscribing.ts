// What all buses do alike with a subscription: its options, and what hands events to its handler.
import { fault, messageOf } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { checkOptions, type OptionNames } from "../../core/options/check_options.ts";
import type { Logger } from "../../core/registry.ts";
import { checkPattern } from "../../core/event_bus.ts";
import type { BusEvent, BusTrouble, EventHandler, SubscribeOptions } from "../../core/event_bus.ts";

export interface SubscriptionPlan {
  readonly pattern: string;
  /** Who shares its events; undefined for at-most-once. */
  readonly group?: string;
  readonly concurrency: number;
  readonly maxWaiting: number;
  readonly attempts: number;
  /** How long is waited before the second time, milliseconds. */
  readonly backoffMs: number;
  /** Tells whoever wants to hear of it what went wrong, and never throws. */
  trouble(trouble: BusTrouble): void;
}

const OPTIONS: OptionNames<SubscribeOptions> = {
  signal: true,
  group: true,
  concurrency: true,
  maxWaiting: true,
  attempts: true,
  backoffMs: true,
  onTrouble: true,
};

const MOST_BACKOFF_MS = 60_000;

export function redeliveryMs({ backoffMs }: SubscriptionPlan, failures: number): number {
  return Math.min(MOST_BACKOFF_MS, backoffMs * 2 ** Math.min(failures - 1, 20));
}

/** Checks what is asked for; throws `Invalid`. */
export function planSubscription(
  pattern: string,
  options: SubscribeOptions,
  { logger, handler }: { logger: Logger; handler: unknown },
): SubscriptionPlan {
  checkPattern(pattern);
  options = checkOptions(`subscribe to ${pattern}`, options, OPTIONS);
  const { group, concurrency = 1, maxWaiting = 1000, attempts = 10, backoffMs = 1000 } = options;
  const { onTrouble } = options;
  const refuse = (state: string, hint: string) =>
    fault({ code: "Invalid", action: "subscribe to", subject: pattern, state, hint });
  if (typeof handler !== "function") {
    throw refuse("there is no handler", "Give a function (event) => …, or take bus.listen().");
  }
  if (group !== undefined && !/^[A-Za-z0-9._-]{1,100}$/.test(group)) {
    throw refuse(`${shown(group)} is no name of a group`, "Take 1 to 100 of A-Z a-z 0-9 . _ -");
  }
  for (const [name, value] of Object.entries({ concurrency, maxWaiting, attempts })) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw refuse(`${name} is ${shown(value)}`, "It is a whole number, at least 1.");
  }
  if (!Number.isSafeInteger(backoffMs) || backoffMs < 0) {
    throw refuse(`backoffMs is ${shown(backoffMs)}`, "It is whole milliseconds, at least 0.");
  }
  function trouble(trouble: BusTrouble): void {
    logger.warn(`events of ${pattern}: ${describe(trouble)}`);
    try {
      onTrouble?.(trouble);
    } catch (error) {
      logger.warn(`events of ${pattern}: onTrouble failed: ${messageOf(error)}`);
    }
  }
  return { pattern, group, concurrency, maxWaiting, attempts, backoffMs, trouble };
}

function describe(trouble: BusTrouble): string {
  if (trouble.trouble === "lost") return `${trouble.count} lost: ${trouble.reason}`;
  if (trouble.trouble === "unreachable") return trouble.reason;
  const { event: { topic, id }, error, again } = trouble;
  return `the handler of ${topic} ${id} failed${again ? ", it comes again" : ""}: ${
    messageOf(error)
  }`;
}

/** What is offered is handled, as much at once as is planned; the rest waits, or is lost. */
export interface Deliveries {
  offer(event: () => BusEvent): void;
  close(): Promise<void>;
}

export function createDeliveries(
  handler: EventHandler<BusEvent>,
  plan: SubscriptionPlan,
): Deliveries {
  const waiting: (() => BusEvent)[] = [];
  const underWay = new Set<Promise<void>>();
  const closing = new AbortController();
  let lost = 0;

  /** The first loss is told at once, and once it is over how many more there were. */
  const tellLost = () => {
    if (lost > 1) {
      plan.trouble({ trouble: "lost", count: lost - 1, reason: "too many waited for the handler" });
    }
    lost = 0;
  };

  async function handle(make: () => BusEvent): Promise<void> {
    const event = make();
    try {
      await handler(event, { signal: closing.signal });
    } catch (error) {
      if (!closing.signal.aborted) plan.trouble({ trouble: "failed", event, error, again: false });
    }
  }

  function look(): void {
    while (waiting.length > 0 && underWay.size < plan.concurrency && !closing.signal.aborted) {
      const next = waiting.shift()!;
      // In a turn of its own: a handler never runs inside of what publishes.
      const handled = Promise.resolve().then(() => handle(next)).finally(() => {
        underWay.delete(handled);
        look();
      });
      underWay.add(handled);
    }
    if (waiting.length === 0) tellLost();
  }

  return {
    offer(event) {
      if (closing.signal.aborted) return;
      if (waiting.length < plan.maxWaiting) {
        waiting.push(event);
        return look();
      }
      if (++lost === 1) {
        plan.trouble({ trouble: "lost", count: 1, reason: "too many wait for the handler" });
      }
    },
    async close() {
      closing.abort(ENDED);
      waiting.length = 0;
      await Promise.allSettled(underWay);
    },
  };
}

/** Why the signal of a handler is aborted. */
export const ENDED = "the subscription has ended";
