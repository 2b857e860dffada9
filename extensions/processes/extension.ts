// `holdfast serve` with several processes.
import { availableParallelism } from "node:os";
import { defineServing, type Extension } from "../../apps/cli/program/extension.ts";
import { unreadable } from "../../apps/cli/extending.ts";

/** More are a mistake: each takes some 100 MiB. */
const MOST_PROCESSES = 256;

function parseProcesses(text: string): number {
  if (text === "auto") return availableParallelism();
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count > 0 && count <= MOST_PROCESSES) return count;
  const state = `expected 1 to ${MOST_PROCESSES}`;
  throw unreadable(text, "a number of processes", state, "Pass auto for one per processor.");
}

export const processesExtension: Extension = {
  name: "processes",
  commands: [{
    load: {
      __serve: async (all) => (await import("./serve_process.ts")).createServeProcess(all),
    },
  }],
  serving: defineServing({
    options: [{
      flags: "--processes <count>",
      text: "serve with several processes; auto for one per processor (default: 1)",
      parse: parseProcesses,
    }],
    instead(flags, context, serving) {
      if ((flags.processes ?? 1) === 1) return undefined;
      return import("./supervise.ts").then(({ superviseProcesses }) =>
        superviseProcesses(flags, context, serving)
      );
    },
  }),
};
