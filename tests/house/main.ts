// `deno task house`: the table of measures. `--restate` writes the limits anew, once for each release. `--parts` lists
// the parts of the product with their lines of code, `--functions` the functions that are long or branch much,
// `--changes` the files of one commit of each kind, or of the commits that are named.
import { limitOf, restated } from "./limits.ts";
import { printChanges } from "./changes.ts";
import { functionsToSplit, measureHouse } from "./measures.ts";
import { measureParts } from "./parts.ts";

const [option, ...commits] = Deno.args;
if (option === "--changes") {
  await printChanges(commits);
  Deno.exit();
}

if (option === "--parts") {
  console.log(`${"".padEnd(50)}    code   tests`);
  for (const { kind, name, code, tests } of await measureParts()) {
    const columns = [code, tests].map((each) => String(each).padStart(8)).join("");
    console.log(`${kind.padEnd(10)}${name.padEnd(40)}${columns}`);
  }
  Deno.exit();
}

const measured = await measureHouse();
const width = Math.max(...measured.map(({ name }) => name.length));
console.log(`${"".padEnd(width)}     now   limit    goal`);
for (const measure of measured) {
  const { name, value, goal, where } = measure;
  const columns = [value, limitOf(measure), goal].map((each) => String(each).padStart(8)).join("");
  console.log(`${name.padEnd(width)}${columns}${value > goal && where ? `  ${where}` : ""}`);
}
if (Deno.args.includes("--functions")) {
  for (const { at, lines, branches } of await functionsToSplit()) {
    console.log(
      `${String(lines).padStart(5)} lines ${String(branches).padStart(3)} branches  ${at}`,
    );
  }
}
if (Deno.args.includes("--restate")) {
  const limits = restated(measured);
  const file = new URL("./limits.json", import.meta.url);
  await Deno.writeTextFile(file, `${JSON.stringify(limits, null, 2)}\n`);
}
