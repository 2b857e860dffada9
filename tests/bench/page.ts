// Results as sections of a page, one for each group.
import fs from "node:fs";
import { denoSucceeds } from "../support/run_deno.ts";
import { withDeciding } from "./deciding.ts";
import { type Ratio, type Row, speedOf } from "./report.ts";

export interface Section {
  title: string;
  about?: string;
  command: string;
  /** The machine, and how busy it was. */
  circumstances: string;
}

/** Writes the section of a group in place of its last one, or at the end. The rest of the page stays. */
export async function writeSection(
  page: string,
  rows: readonly Row[],
  section: Section,
): Promise<void> {
  const [intro, ...sections] = fs.readFileSync(page, "utf8").split(/^(?=## )/m);
  const heading = `## ${section.title}\n`;
  const at = sections.findIndex((text) => text.startsWith(heading));
  sections.splice(at < 0 ? sections.length : at, at < 0 ? 0 : 1, textOf(rows, section, heading));
  fs.writeFileSync(page, withDeciding([intro, ...sections].join("")));
  await denoSucceeds(["fmt", "--quiet", page]);
}

function textOf(
  rows: readonly Row[],
  { about, command, circumstances }: Section,
  heading: string,
): string {
  const titles = [...new Set(rows.flatMap(({ columns = {} }) => Object.keys(columns)))];
  const cells = rows.flatMap((row, i) => {
    const facts = Object.entries(row.facts ?? {}).map(([key, value]) => `${key}: ${value}`);
    const { timesFloor, timesSecond } = row;
    const { floor = "" } = row;
    const to = floor === rows[i - 1]?.name ? "the row above" : floor;
    const own = titles.map((title) => row.columns?.[title] ?? "");
    const first = [row.name, speedOf(row), ...ratioOf(timesFloor), to, facts.join("; "), ...own];
    if (timesSecond === undefined) return [first];
    const none = titles.map(() => "");
    return [first, ["the same", "", ...ratioOf(timesSecond), timesSecond.second, "", ...none]];
  });
  const head = ["", "per second", "ratio", "median", "processor", "compared with", "", ...titles];
  const used = head.map((_, i) => i === 0 || cells.some((line) => line[i] !== ""));
  const table = [head, head.map((_, i) => i > 0 && i < 5 ? "--:" : "---"), ...cells]
    .map((line) => `| ${line.filter((_, i) => used[i]).join(" | ")} |`).join("\n");
  const day = new Date().toISOString().slice(0, 10);
  return `${heading}\n\`${command}\` (${day}; ${circumstances})\n\n${
    about === undefined ? "" : `${about}\n\n`
  }${table}\n\n`;
}

/** Ratios above 1 are bold: there the other is faster. */
function ratioOf(ratio: Ratio | undefined): string[] {
  if (ratio === undefined) return ["", "", ""];
  return [ratio.best, ratio.median, ratio.cpu].map((times) => {
    const text = times < 10 ? times.toPrecision(2) : String(Math.round(times));
    return Number(text) > 1 ? `**${text}**` : text;
  });
}
