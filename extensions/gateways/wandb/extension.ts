import { loadPart } from "../../../core/kernel.ts";
import {
  defineServing,
  type Extension,
  type Gateway,
} from "../../../apps/cli/program/extension.ts";

interface WandbPart {
  createWandbGateways(): Gateway[];
}

export const wandbExtension: Extension = {
  name: "wandb",
  words: [[/^wandb (server|local|launch-agent)\b/i, "serve --wandb"]],
  serving: defineServing({
    options: [{ flags: "--wandb", text: "also serve clients of W&B, which set WANDB_BASE_URL" }],
    routes: { graphql: "--wandb" },
    async gateways({ wandb }) {
      if (!wandb) return [];
      const part = await loadPart<WandbPart>("./wandb_gateway.ts", import.meta.url);
      return part.createWandbGateways();
    },
  }),
};
