// `holdfast card`.
import {
  defineCommand,
  factsText,
  lookUp,
  REF_ARGUMENT,
  withHints,
} from "@holdfast/holdfast/extending/cli";
import { cardOf } from "./card.ts";

export const card = defineCommand({
  name: "card",
  summary: "Show the card of a version, and fail if something is missing.",
  args: [REF_ARGUMENT],
  options: [],
  examples: [["holdfast card my:model@2", "its license and contact"]],
  async run([ref], _flags, context) {
    const registry = await context.open();
    const found = cardOf(await withHints(registry.info(ref), lookUp(ref)));
    const facts = Object.entries(found.card).map(([key, value]) => [key, String(value)] as const);
    const missing = found.missing.map((key) => [key, "missing"] as const);
    await context.result(found, factsText([...facts, ...missing], context));
    return found.missing.length === 0 ? 0 : 1;
  },
});
