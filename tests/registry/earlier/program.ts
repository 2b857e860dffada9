// Writes the registries of a fixture by the program of a commit:
//   deno run -A --config FOLDER/deno.json program.ts URL_OF_FOLDER TARGET
import process from "node:process";
import { programAt, writeContent } from "./content.ts";

const [root, folder] = process.argv.slice(2);
await writeContent(await programAt(root!), folder!);
