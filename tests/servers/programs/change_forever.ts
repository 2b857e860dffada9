// Overwrites one version again and again, or saves and deletes it in turn, until it gets the signal to
// stop; prints a line when it is at work.
//
// Arguments: server, prefix, `overwrite` or `delete`.
import process from "node:process";
import { openRegistry } from "../../../mod.ts";
import { numberedValue } from "../../registry/programs/numbered_value.ts";
import { waitForLine } from "../../registry/programs/wait_for_line.ts";
import { openServerStore } from "../../support/servers/server_store.ts";

const [server, prefix, how] = process.argv.slice(2);
const registry = await openRegistry(await openServerStore(JSON.parse(server), { prefix }), {
  cache: false,
});
let working = true;
const told = waitForLine().then(() => void (working = false));
for (let i = 1; working; i++) {
  await registry.save("kept", numberedValue(i), { version: "1", onConflict: "overwrite" });
  if (how === "delete") await registry.delete("kept@1");
  if (i === 1) console.log("working");
}
await told;
