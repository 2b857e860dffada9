// Starts a server, writes into a file where it is, and ends without ending it: as a program, or as
// a test file.
//
// Arguments: how, file.
import process from "node:process";
import { sharedServer } from "../../support/servers/mod.ts";

const [how, file] = process.argv.slice(-2);

async function hold(): Promise<void> {
  const { pid, data } = await sharedServer("gofakes3");
  await Deno.writeTextFile(file, JSON.stringify({ pid, data }));
  if (how === "killed") process.kill(process.pid, "SIGKILL");
  if (how === "throws") throw new Error("Cannot go on: as asked");
  if (how === "exits") Deno.exit(7);
}

if (how === "ends") Deno.test("holds a server", hold);
else await hold();
