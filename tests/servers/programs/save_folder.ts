// Saves a folder as `a`, with a cache.
//
// Arguments: server, endpoint, prefix, folder of the cache, folder to save.
import process from "node:process";
import { localPath, openRegistry } from "../../../mod.ts";
import { openServerStore } from "../../support/servers/server_store.ts";

const [server, endpoint, prefix, path, folder] = process.argv.slice(2);
const store = await openServerStore(JSON.parse(server), { endpoint, prefix });
const registry = await openRegistry(store, { cache: { path } });
await registry.save("a", localPath(folder));
