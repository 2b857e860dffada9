// Loads `a` with little patience and prints the code of the error. It has to end by itself then.
//
// Arguments: server, prefix.
import process from "node:process";
import { openRegistry } from "../../../mod.ts";
import { openServerStore } from "../../support/servers/server_store.ts";

const [server, prefix] = process.argv.slice(2);
const patience = { retryForMs: 400 };
const store = await openServerStore(JSON.parse(server), {
  prefix,
  requestTimeoutMs: 2_000,
  ...patience,
});
const registry = await openRegistry(store, { cache: false, ...patience });
await registry.load("a").then(() => console.log("loaded"), ({ code }) => console.log(code));
