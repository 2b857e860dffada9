// Writes what a fixture has by the program of a commit:
//   deno run -A --config FOLDER/deno.json program.ts URL_OF_FOLDER TARGET
import process from "node:process";
import { programAt, writeContent } from "./content.ts";
import { writeLater } from "./later.ts";
import { writeServed, writeSite } from "./served.ts";

const [root, folder] = process.argv.slice(2);
const program = await programAt(root!);
await writeContent(program, folder!);
await writeLater(program, root!, folder!);
await writeServed(root!, folder!);
await writeSite(root!, folder!);
