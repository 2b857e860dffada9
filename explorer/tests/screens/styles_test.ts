// The style sheets use one scale of spaces and of sizes of text.
import { assertEquals } from "@std/assert";

const FOLDER = new URL("../../src/styles/", import.meta.url);
const SPACES = ["2px", "4px", "6px", "8px", "12px", "16px", "24px", "40px"];
const SIZES = ["0.8rem", "0.86rem", "0.93rem", "1rem", "1.1rem", "1.3rem"];

/** Returns the lengths of some properties, with their sheet and line. */
async function lengthsOf(property: RegExp): Promise<[where: string, length: string][]> {
  const sheets = [...Deno.readDirSync(FOLDER)].map(({ name }) => name);
  const all = await Promise.all(sheets.map(async (name) => {
    const lines = (await Deno.readTextFile(new URL(name, FOLDER))).split("\n");
    return lines.flatMap((line, at): [string, string][] => {
      const [, own = "", values = ""] = /^\s*([a-z-]+): (.*);$/.exec(line) ?? [];
      if (!property.test(own)) return [];
      const lengths = values.replace(/\bcalc\(.*\)/, "").match(/-?\d*\.?\d+(px|rem)\b/g) ?? [];
      return lengths.map((length) => [`${name}:${at + 1}`, length.replace("-", "")]);
    });
  }));
  return all.flat();
}

Deno.test("spaces between and inside boxes are of one scale", async () => {
  const lengths = await lengthsOf(/^(?!scroll).*(gap|padding|margin)/);
  assertEquals(lengths.filter(([, length]) => !SPACES.includes(length)), []);
});

Deno.test("texts have few sizes", async () => {
  const lengths = await lengthsOf(/^font-size$/);
  const own = lengths.filter(([, length]) => !SIZES.includes(length) && !/^1[12]px$/.test(length));
  assertEquals(own, []); // labels of graphs are drawn in pixels
});
