// Picks pages and errors for a reader who has not seen the code: `deno run -R SCRIPT SEED`.
import { seededRandom } from "../support/scripted_system.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "../support/source_files.ts";

const PAGES = 6;
const ERRORS = 200;

/** Returns the texts of the errors that a file makes: `Cannot ACTION: STATE`, and the hint. */
function errorsOf(source: string): string[] {
  return Array.from(
    source.matchAll(/\b(?:fault|failed|invalid)\(\{?([^;]*?)\}?\);/g),
    ([, body]) => {
      const field = (name: string) =>
        body.match(new RegExp(`\\b${name}:\\s*([^]*?)(?:,\\n|\\n|$)`))?.[1].trim();
      const [action, state, hint] = ["action", "state", "hint"].map(field);
      return state === undefined
        ? ""
        : `Cannot ${action ?? "…"}: ${state}\n  hint: ${hint ?? "none"}`;
    },
  ).filter((text) => text !== "");
}

function pick<T>(from: readonly T[], count: number, random: () => number): T[] {
  const left = [...from];
  return Array.from(
    { length: Math.min(count, left.length) },
    () => left.splice(Math.floor(random() * left.length), 1)[0],
  );
}

if (import.meta.main) {
  const random = seededRandom(Number(Deno.args[0] ?? 1));
  const pages = (await Array.fromAsync(Deno.readDir("docs"), ({ name }) => name))
    .filter((name) => name.endsWith(".md")).sort();
  console.log(
    `# Pages\nREADME.md\n${pick(pages, PAGES, random).map((name) => `docs/${name}`).join("\n")}`,
  );
  const errors: string[] = [];
  for (const path of await sourceFiles(PRODUCT_FOLDERS)) {
    errors.push(...errorsOf(await Deno.readTextFile(path)));
  }
  console.log(`\n# Errors and hints, ${ERRORS} of ${errors.length}`);
  for (const text of pick(errors, ERRORS, random)) console.log(`- ${text}`);
}
