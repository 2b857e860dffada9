// The description of the driver of stores in memory.
import type { Driver } from "../core/driver.ts";
import { fault } from "../core/errors.ts";

export const memoryDriver: Driver = {
  kind: "memory",
  schemes: ["memory"],
  buckets: false,
  parameters: [],
  help: { urls: "memory:" },
  async open({ url }, { system }) {
    if (url.toLowerCase() === "memory:") {
      return (await import("./memory.ts")).createMemoryBackend({ system });
    }
    throw fault({
      code: "Invalid",
      action: "open a store in memory by name",
      state: "each is a new one",
      hint: 'Write "memory:", nothing else.',
    });
  },
  storages: {
    memory: {
      settings: {},
      required: [],
      open: async (_settings, { system }) =>
        (await import("./memory.ts")).createMemoryBackend({ system }),
    },
  },
};
