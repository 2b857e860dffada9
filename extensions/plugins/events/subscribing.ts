// Common parts of subscriptions: options and delivery to handlers.
import type { Logger } from "../../../mod.ts";
import { checkOptions, invalid, messageOf, type OptionNames, shown } from "../../../core/kernel.ts";
import { checkPattern } from "./event_bus.ts";
import type {
  BusEvent,
  BusTrouble,
  EventHandler,
  ListenOptions,
  SubscribeOptions,
} from "./event_bus.ts";

export interface SubscriptionPlan {
  readonly pattern: string;
  /** Undefined for delivery at most once. */
  readonly group?: string;
  readonly concurrency: number;
  readonly maxWaiting: number;
  readonly attempts: number;
  /** Milliseconds before the second attempt. */
  readonly backoffMs: number;
  /** Reports a problem; never throws. */
  trouble(trouble: BusTrouble): void;
}

export const LISTEN_OPTIONS: OptionNames<ListenOptions> = {
  signal: true,
  group: true,
  maxWaiting: true,
  attempts: true,
  backoffMs: true,
  onTrouble: true,
};
const OPTIONS: OptionNames<SubscribeOptions> = { ...LISTEN_OPTIONS, concurrency: true };

const MOST_BACKOFF_MS = 60_000;

export function redeliveryMs({ backoffMs }: SubscriptionPlan, failures: number): number {
  return Math.min(MOST_BACKOFF_MS, backoffMs * 2 ** Math.min(failures - 1, 20));
}

/** Checks the options of a subscription. Throws `Invalid`. */
export function planSubscription(
  pattern: string,
  options: SubscribeOptions,
  { logger, handler }: { logger: Logger; handler: unknown },
): SubscriptionPlan {
  checkPattern(pattern);
  options = checkOptions(`subscribe to ${pattern}`, options, OPTIONS);
  const { group, concurrency = 1, maxWaiting = 1000, attempts = 10, backoffMs = 1000 } = options;
  const { onTrouble } = options;
  const refuse = (state: string, hint: string) => invalid("subscribe to", pattern, state, { hint });
  if (typeof handler !== "function") {
    throw refuse("the handler is missing", "Pass a function (event) => …, or use bus.listen().");
  }
  if (group !== undefined && !/^[A-Za-z0-9._-]{1,100}$/.test(group)) {
    throw refuse(`invalid group name ${shown(group)}`, "Use 1 to 100 of A-Z a-z 0-9 . _ -");
  }
  for (const [name, value] of Object.entries({ concurrency, maxWaiting, attempts })) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw refuse(`${name} is ${shown(value)}`, "Pass a positive integer.");
  }
  if (!Number.isSafeInteger(backoffMs) || backoffMs < 0) {
    throw refuse(`backoffMs is ${shown(backoffMs)}`, "Pass an integer of at least 0.");
  }
  function trouble(trouble: BusTrouble): void {
    logger.warn(`Events of ${pattern}: ${describe(trouble)}`);
    try {
      onTrouble?.(trouble);
    } catch (error) {
      logger.warn(`Events of ${pattern}: onTrouble failed: ${messageOf(error)}`);
    }
  }
  return { pattern, group, concurrency, maxWaiting, attempts, backoffMs, trouble };
}

function describe(trouble: BusTrouble): string {
  if (trouble.trouble === "lost") return `${trouble.count} lost: ${trouble.reason}`;
  if (trouble.trouble === "unreachable") return trouble.reason;
  const { event: { topic, id }, error, again } = trouble;
  const state = again ? "failed and will retry" : "failed";
  return `the handler of ${topic} ${id} ${state}: ${messageOf(error)}`;
}

/** Delivery to a handler with limited concurrency. Further events wait, or are dropped. */
export interface Deliveries {
  offer(event: () => BusEvent): void;
  close(): Promise<void>;
}

const TOO_MANY = "too many were waiting for the handler";

export function createDeliveries(
  handler: EventHandler<BusEvent>,
  plan: SubscriptionPlan,
): Deliveries {
  const waiting: (() => BusEvent)[] = [];
  const underWay = new Set<Promise<void>>();
  const closing = new AbortController();
  let lost = 0;

  /** Reports the losses after the first, which is reported at once. */
  const reportLost = () => {
    if (lost > 1) plan.trouble({ trouble: "lost", count: lost - 1, reason: TOO_MANY });
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
      // A separate turn: a handler never runs inside `publish`.
      const handled = Promise.resolve().then(() => handle(next)).finally(() => {
        underWay.delete(handled);
        look();
      });
      underWay.add(handled);
    }
    if (waiting.length === 0) reportLost();
  }

  return {
    offer(event) {
      if (closing.signal.aborted) return;
      if (waiting.length < plan.maxWaiting) {
        waiting.push(event);
        return look();
      }
      if (++lost === 1) plan.trouble({ trouble: "lost", count: 1, reason: TOO_MANY });
    },
    async close() {
      closing.abort(ENDED);
      waiting.length = 0;
      await Promise.allSettled(underWay);
    },
  };
}

/** The abort reason of handlers. */
export const ENDED = "the subscription has ended";
