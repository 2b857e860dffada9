// The table of measures in ARCHITECTURE.md: the limit and the goal of each.
import { limitOf, type Limits } from "./limits.ts";
import type { Measure } from "./measures.ts";

const TABLE = /^\| measure .*\n(\|.*\n)+/m;

/** Returns the text with the table of these measures in place of the one that it has. */
export function withTable(
  text: string,
  measured: readonly Pick<Measure, "name" | "goal">[],
  limits?: Limits,
): string {
  if (!TABLE.test(text)) throw new Error("The text has no table of measures");
  const rows = [
    ["measure", "limit", "goal"],
    ...measured.map((each) => [each.name, shown(limitOf(each, limits)), shown(each.goal)]),
  ];
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i].length)));
  const [head, ...body] = rows.map(([name, ...numbers]) => {
    const cells = numbers.map((number, i) => number.padStart(widths[i + 1]));
    return `| ${[name.padEnd(widths[0]), ...cells].join(" | ")} |\n`;
  });
  const line = widths.map((width, i) => i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`);
  return text.replace(TABLE, [head, `| ${line.join(" | ")} |\n`, ...body].join(""));
}

function shown(value: number): string {
  return value.toLocaleString("en");
}
