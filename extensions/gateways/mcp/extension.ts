import { loadPart } from "../../../core/kernel.ts";
import {
  defineServing,
  type Extension,
  type Gateway,
} from "../../../apps/cli/program/extension.ts";

export const mcpExtension: Extension = {
  name: "mcp",
  suggestions: {
    commands: [["mcp", "agent"]],
    options: [["mcp", "--read-only", "--readonly --ro"]],
  },
  commands: [{ group: "services", load: { mcp: async () => (await import("./command.ts")).mcp } }],
  serving: defineServing({
    options: [{ flags: "--mcp", text: "also serve assistants and agents, at /mcp" }],
    routes: { mcp: "--mcp" },
    async gateways({ mcp }) {
      if (!mcp) return [];
      await loadPart("./server.ts", import.meta.url); // fails before the service starts
      const part = await loadPart<{ mcp: Gateway }>("./mcp.ts", import.meta.url);
      return [part.mcp];
    },
  }),
};
