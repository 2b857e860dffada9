// Command: promotions.
import {
  type Command,
  defineCommand,
  formatTime,
  printTable,
  type Row,
} from "../../../apps/cli/extending.ts";
import { type AskedPromotion, askedPromotions } from "./promotions.ts";

export const promotions: Command = defineCommand({
  name: "promotions",
  summary: "List open requests for promotions.",
  details:
    "A request ends when its alias changes: accept it with promote. The command reads the labels " +
    "of all versions, or of those of names that begin with a prefix.",
  args: [{ usage: "[prefix]", text: "only names that begin with this", completes: "name" }],
  options: [],
  examples: [
    ["holdfast promotions", "all open requests"],
    ["holdfast promotions models:", "those of some names"],
  ],
  whenUnread: "end",
  async run([prefix], _flags, context) {
    const { signal } = context.io;
    const registry = await context.open();
    const asked = askedPromotions(registry, { prefix, signal });
    const columns = ["NAME", "VERSION", "ALIAS", "NOW", "BY", "ASKED", "NOTE"];
    const count = await printTable(context, columns, rowsOf(asked));
    if (count === 0) await context.note("There are no open requests for promotions");
  },
});

async function* rowsOf(asked: AsyncIterable<AskedPromotion>): AsyncGenerator<Row> {
  for await (const each of asked) {
    const { name, version, alias, current = "", by, askedAt, note = "" } = each;
    const cells = [name, version, alias, current, by?.name ?? "", formatTime(askedAt), note];
    yield { cells, json: each };
  }
}
