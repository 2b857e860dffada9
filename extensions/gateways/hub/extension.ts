import { loadPart } from "../../../core/kernel.ts";
import {
  defineServing,
  type Extension,
  type Gateway,
} from "../../../apps/cli/program/extension.ts";

export const hubExtension: Extension = {
  name: "hub",
  serving: defineServing({
    options: [
      { flags: "--hf", text: "also serve Hugging Face libraries, which set HF_ENDPOINT" },
    ],
    routes: { api: "--hf" },
    examples: [
      ["holdfast serve --hf --read-only", "HF_ENDPOINT=http://127.0.0.1:8600 for Python programs"],
    ],
    async gateways({ hf }) {
      if (!hf) return [];
      const part = await loadPart<{ hub: Gateway }>("./hub.ts", import.meta.url);
      return [part.hub];
    },
  }),
};
