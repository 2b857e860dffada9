// Description of the driver for memory.
import type { Driver } from "../core/driver.ts";
import { invalid } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";

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
    throw invalid("open", shown(url), "memory stores have no name", { hint: 'Write "memory:".' });
  },
};
