// The rows of docs/performance.md that decide whether to use Holdfast, copied to its beginning.

const HEADING = "## Four rows that decide";

/** Why a row matters, the section that has it, and its name there. */
const ROWS: readonly (readonly [about: string, section: string, row: string])[] = [
  [
    "save a file again after a change",
    "Second versions, compared with restic, and in a bucket with s5cmd",
    "save checkpoint",
  ],
  [
    "save a large folder again",
    "Saves of a folder that was saved before, compared with restic",
    "save: 1 % of 20,000 × 20 kB and 20 × 50 MB changed",
  ],
  [
    "download large files from a bucket",
    "A bucket compared with s5cmd: TLS and a round trip of 30 ms",
    "download 10 x 64 MiB",
  ],
  [
    "read from the service",
    "The service, compared with presigned URLs of MinIO",
    "the service: GET of 8 MiB",
  ],
];

/** Returns the rows that decide, from the tables of the page. */
function decidingRows(page: string): string[][] {
  const sections = page.split(/^(?=## )/m);
  return ROWS.map(([about, title, name]) => {
    const section = sections.find((text) => text.startsWith(`## ${title}\n`)) ?? "";
    const at = cellsIn(section).findIndex(([first]) => first === name);
    const [above, row] = cellsIn(section).slice(at - 1);
    if (row === undefined) throw new Error(`Cannot find "${name}" under "${title}"`);
    const to = row[5] === "the row above" ? above![0]! : row[5]!;
    return [`[${about}](#${anchorOf(title)})`, name, ...row.slice(1, 5), to];
  });
}

/** Returns a page that has such a section with the rows that decide. */
export function withDeciding(page: string): string {
  if (!page.includes(`\n${HEADING}\n`)) return page;
  const [intro, ...sections] = page.split(/^(?=## )/m);
  const others = sections.filter((text) => !text.startsWith(`${HEADING}\n`));
  const head = ["to …", "measured", "per second", "ratio", "median", "processor", "compared with"];
  const lines = [head, head.map((_, i) => i > 1 && i < 6 ? "--:" : "---"), ...decidingRows(page)]
    .map((cells) => `| ${cells.join(" | ")} |`);
  const text =
    `${HEADING}\n\nThe sections below have these rows, their conditions, and the command ` +
    `of each.\n\n${lines.join("\n")}\n\n`;
  return [intro, text, ...others].join("");
}

function cellsIn(section: string): string[][] {
  return section.split("\n").filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/** Returns the anchor of a heading as code hosts make it. */
function anchorOf(title: string): string {
  return title.toLowerCase().replace(/[^\w\s-]/g, "").replace(/\s/g, "-");
}
