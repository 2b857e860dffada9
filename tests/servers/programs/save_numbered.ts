// Saves the given number of automatic versions of one name, after a signal to begin, and prints what they
// were.
//
// Arguments: server, prefix, how many, what the values say.
import process from "node:process";
import { openRegistry } from "../../../mod.ts";
import { waitForLine } from "../../registry/programs/wait_for_line.ts";
import { openServerStore } from "../../support/servers/server_store.ts";

const [server, prefix, count, label] = process.argv.slice(2);
const registry = await openRegistry(await openServerStore(JSON.parse(server), { prefix }), {
  cache: false,
});
console.log("ready");
await waitForLine();
const versions: string[] = [];
for (let i = 0; i < Number(count); i++) {
  versions.push((await registry.save("counted", `${label} ${i}`)).version);
}
console.log(JSON.stringify(versions));
