// Mistakes of buses of events, webhooks, and of what a registry tells.
import type { Mutant } from "../../mutant.ts";

const REGISTRY = "tests/registry/events/events_test.ts";
const REDIS = "tests/plugins/events/redis_test.ts";
const MEMORY = "tests/plugins/events/memory_test.ts";
const WEBHOOKS = "tests/plugins/events/webhooks_test.ts";

/** Mistakes of buses of events, webhooks, and of what a registry tells. */
export const EVENTS: readonly Mutant[] = [
  {
    name: "events/lost-races-are-told",
    file: "registry/cell/cell.ts",
    text: "if (outcome.won) context.announcer",
    replacement: "context.announcer",
    foundBy: { test: REGISTRY, name: "every verb that commits is heard of" },
  },
  {
    name: "events/marks-are-deletions",
    file: "registry/opening/announcer.ts",
    text: "|| place.generation === 1",
    replacement: "",
    foundBy: { test: REGISTRY, name: "what a mirror brings is heard of" },
  },
  {
    name: "events/the-end-waits-for-nothing",
    file: "registry/mod.ts",
    text: "      await context.announcer?.close();\n",
    replacement: "",
    foundBy: { test: REGISTRY, name: "the end of a registry waits" },
  },
  {
    name: "events/two-stars-for-nothing",
    file: "core/services/event_bus.ts",
    text: "open ? words.length <= segments.length",
    replacement: "open ? words.length < segments.length",
    foundBy: { test: "tests/core/services/event_bus_test.ts", name: "* stands for one segment" },
  },
  {
    name: "events/one-payload-for-all",
    file: "plugins/events/memory.ts",
    text: "const [id, at] = [system.id(), system.now()];",
    replacement:
      "const [id, at] = [system.id(), system.now()];\n      const JSON = { parse: () => payload };",
    foundBy: {
      test: MEMORY,
      name: "memory bus: handlers have a payload of their own, which they may change",
    },
  },
  {
    name: "events/stream-without-groups",
    file: "plugins/events/redis.ts",
    text: `"NOMKSTREAM", `,
    replacement: "",
    foundBy: { test: REDIS, name: "without groups nothing is stored" },
  },
  {
    name: "webhooks/one-public-address-is-enough",
    file: "plugins/events/webhooks/send.ts",
    text: "!addresses.every(",
    replacement: "!addresses.some(",
    foundBy: { test: WEBHOOKS, name: "addresses that are not public are refused" },
  },
  {
    name: "webhooks/any-signature",
    file: "plugins/events/webhooks/signature.ts",
    text: "if (!isSigned) throw",
    replacement: "if (!signatures) throw",
    foundBy: { test: WEBHOOKS, name: "a webhook that is not of the secret" },
  },
  {
    name: "webhooks/old-ones-are-taken",
    file: "plugins/events/webhooks/signature.ts",
    text: "Math.abs(system.now() - Number(timestamp) * 1000)",
    replacement: "(Number(timestamp) * 1000 - system.now())",
    foundBy: { test: WEBHOOKS, name: "a webhook that is not of the secret" },
  },
  {
    name: "events/bus-inside-of-a-commit",
    file: "registry/opening/announcer.ts",
    text: "queueMicrotask(look)",
    replacement: "look()",
    foundBy: {
      test: "tests/registry/events/events_test.ts",
      name: "a bus that hangs delays no commit",
    },
  },
  {
    name: "events/a-bus-that-hangs",
    file: "registry/opening/announcer.ts",
    text: "system.sleep(CLOSED_WITHIN_MS, enough.signal).catch(() => {})",
    replacement: "new Promise(() => {})",
    foundBy: { test: "tests/registry/events/events_test.ts", name: "a bus that gives no answer" },
  },
  {
    name: "events/ended-acknowledges",
    file: "plugins/events/redis/group.ts",
    text: "if (signal.aborted) return void (closing.signal.aborted || held.delete(entry.id));",
    replacement: "if (false) return;",
    foundBy: {
      test: "tests/plugins/events/redis_test.ts",
      name: "redis bus: what a handler left undone",
    },
  },
  {
    name: "webhooks/one-job-for-all-targets",
    file: "plugins/events/webhooks.ts",
    text: "`webhook-${target.id}-${id}`",
    replacement: "`webhook-${id}`",
    foundBy: { test: WEBHOOKS, name: "each target hears of an event" },
  },
  {
    name: "webhooks/redirects-are-deliveries",
    file: "plugins/events/webhooks.ts",
    text: "(status >= 200 && status < 300)",
    replacement: "status < 400",
    foundBy: { test: WEBHOOKS, name: "redirects are not followed" },
  },
];
