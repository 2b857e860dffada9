import { createMemoryBus } from "../../../plugins/events/memory.ts";
import { testEventBus } from "../../conformance/events.ts";

testEventBus((name, fn) => Deno.test(name, fn), () => {
  const bus = createMemoryBus();
  return Promise.resolve({ bus, again: () => Promise.resolve(bus) });
}, { name: "memory bus" });
