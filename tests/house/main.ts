// `deno task house`: the table of measures. `--lower` writes today's values as the new limits where they are lower,
// `--write` the limits into ARCHITECTURE.md, `--functions` lists the functions that are long or branch much.
import { join } from "@std/path";
import { REPOSITORY } from "../support/run_deno.ts";
import given from "./limits.json" with { type: "json" };
import { functionsToSplit, measureHouse } from "./measures.ts";
import { withTable } from "./written_table.ts";

let limits: Record<string, number> = given;
const measured = await measureHouse();
const width = Math.max(...measured.map(({ name }) => name.length));
console.log(`${"".padEnd(width)}     now   limit    goal`);
for (const { name, value, goal, where } of measured) {
  const numbers = [value, limits[name] ?? "-", goal];
  const columns = numbers.map((each) => String(each).padStart(8)).join("");
  console.log(`${name.padEnd(width)}${columns}${value > goal && where ? `  ${where}` : ""}`);
}
if (Deno.args.includes("--functions")) {
  for (const { at, lines, branches } of await functionsToSplit()) {
    console.log(
      `${String(lines).padStart(5)} lines ${String(branches).padStart(3)} branches  ${at}`,
    );
  }
}
if (Deno.args.includes("--lower")) {
  limits = Object.fromEntries(
    measured.map(({ name, value }) => [name, Math.min(value, limits[name] ?? Infinity)]),
  );
  const text = JSON.stringify(limits, null, 2);
  await Deno.writeTextFile(new URL("./limits.json", import.meta.url), `${text}\n`);
}
if (Deno.args.includes("--lower") || Deno.args.includes("--write")) {
  const path = join(REPOSITORY, "ARCHITECTURE.md");
  await Deno.writeTextFile(path, withTable(await Deno.readTextFile(path), measured, limits));
}
