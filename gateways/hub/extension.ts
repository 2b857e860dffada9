import { loadPart } from "../../core/urls/load_part.ts";
import type { Gateway } from "../../apps/server/gateways/gateway.ts";
import { defineServing, type Extension } from "../../apps/cli/program/extension.ts";

export const hubExtension: Extension = {
  name: "hub",
  serving: defineServing({
    options: [
      { flags: "--hf", text: "also serve Hugging Face libraries, which set HF_ENDPOINT" },
    ],
    async gateways({ hf }) {
      if (!hf) return [];
      const part = await loadPart<{ hub: Gateway }>("./hub.ts", import.meta.url);
      return [part.hub];
    },
  }),
};
