/**
 * The conformance suite for buses of events: cases as data, and a runner for any test framework.
 *
 * @example
 * ```ts ignore
 * import { testEventBus } from "@holdfast/holdfast/testing";
 *
 * testEventBus(Deno.test, () => openMyBusWithNothingInIt(), { name: "mine" });
 * ```
 *
 * @module
 */
import type { EventBus } from "../../extensions/plugins/events/event_bus.ts";
import type { RegisterTest } from "./backend/backend_case.ts";
import { groupCases } from "./events/at_least_once.ts";
import { fanOutCases } from "./events/at_most_once.ts";
import type { EventBusCase } from "./events/event_bus_case.ts";
import { streamCases } from "./events/streams.ts";

export type { EventBusCase, EventBusContext } from "./events/event_bus_case.ts";

/** Every case of the contract of a bus of events. */
export const eventBusCases: readonly EventBusCase[] = [
  ...fanOutCases,
  ...groupCases,
  ...streamCases,
];

/**
 * Registers a test for each case.
 *
 * @param test registers a test: `Deno.test`, or `test` of `node:test`
 * @param open opens an empty bus for one test, which the test disposes of: `again` returns the bus as
 * another process opens it, or the same bus if no other process can
 */
export function testEventBus(
  test: RegisterTest,
  open: () => Promise<{ bus: EventBus; again(): Promise<EventBus> }>,
  { name = "event bus" }: {
    /** Prefix of the test names. @default "event bus" */
    name?: string;
  } = {},
): void {
  for (const { name: sentence, run } of eventBusCases) {
    test(`${name}: ${sentence}`, async () => {
      const { bus, again } = await open();
      const opened = new Set([bus]);
      const openAgain = async () => {
        const other = await again();
        opened.add(other);
        return other;
      };
      try {
        await run({ bus, again: openAgain });
      } finally {
        for (const bus of opened) await bus[Symbol.asyncDispose]();
      }
    });
  }
}
