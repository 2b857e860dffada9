// One operation on a version of many files. Prints what it took. Arguments: the operation, the folder
// of the registry, and the number of files.
import process from "node:process";
import { openHttpRegistry } from "../../../apps/client.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { createHandler } from "../../../apps/server.ts";
import { createLocalBackend } from "../../../backends/local.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { dav } from "../../../extensions/gateways/dav/dav.ts";
import { hub } from "../../../extensions/gateways/hub/hub.ts";
import { createS3Gateway } from "../../../extensions/gateways/s3/s3_gateway.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import { listFiles, openFile } from "../../../registry/mod.ts";
import { peakRssMib } from "../batch/memory_process.ts";
import { withCounts } from "../counted_backend.ts";
import type { NightReport } from "../many/nights.ts";
import { timed } from "../measure.ts";
import { FOLDER, Folder, folderOf, pathOf } from "./folder_values.ts";

const [operation = "", path = "", files = ""] = process.argv.slice(2);
const count = Number(files);
const HOST = "http://127.0.0.1";

const FILE = pathOf(count >> 2), LABEL = folderOf(7);
const VERSION = "/artifacts/set/versions/1.0.0";
const KEYS = "/holdfast?list-type=2&delimiter=/&prefix=set/@latest";
const ofFolder: RequestInit = { method: "PROPFIND", headers: { depth: "1" } };

function paths(): RequestInit {
  const chosen = Array.from({ length: 1000 }, (_, n) => pathOf(n * 7919 % count));
  const headers = { "content-type": "application/json" };
  return { method: "POST", headers, body: JSON.stringify({ paths: chosen }) };
}

const REQUESTS: Record<string, [at: string, init?: RequestInit]> = {
  file: [`${VERSION}/files/${FILE}`],
  files: [`${VERSION}/files?limit=1000`],
  info: [VERSION],
  tar: [`${VERSION}/archive?format=tar`],
  zip: [`${VERSION}/archive?format=zip`],
  hub_file: [`/set/resolve/main/${FILE}`],
  hub_folder: [`/api/models/set/tree/main/${LABEL}`],
  hub_all: ["/api/models/set/tree/main?recursive=true&limit=1000"],
  hub_paths: ["/api/models/set/paths-info/main", paths()],
  hub_refs: ["/api/models/set/refs"],
  dav_file: [`/dav/set@latest/${FILE}`],
  dav_folder: [`/dav/set@latest/${LABEL}`, ofFolder],
  s3_file: [`/holdfast/set/@latest/${FILE}`],
  s3_folder: [`${KEYS}/${LABEL}/`],
  s3_folders: [`${KEYS}/train/&max-keys=100`],
};

/** Calls a client whose service has just started. */
const asClient = (use: (client: Registry) => Promise<unknown>) => (registry: StoredRegistry) =>
  served(registry, async (fetch) => {
    const allow = { materializers: registry.materializers, fetch };
    await using client = await openHttpRegistry(HOST, allow);
    await use(client);
  });

const OPERATIONS: Record<string, (registry: StoredRegistry) => Promise<unknown>> = {
  save: (registry) => registry.save("set", new Folder(count), { as: FOLDER }),
  save_changed: (registry) => registry.save("set", new Folder(count, count >> 1), { as: FOLDER }),
  list: (registry) => all(listFiles(registry, "set")),
  verify: (registry) => verifyRegistry(registry),
  client_file: asClient((client) => openFile(client, "set", { path: FILE })),
  client_list: asClient((client) => all(listFiles(client, "set"))),
  client_info: asClient((client) => client.info("set")),
};

async function served(
  registry: StoredRegistry,
  use: (fetch: (request: Request) => Promise<Response>) => Promise<void>,
): Promise<void> {
  const gateways = [hub, dav, createS3Gateway()];
  await using handler = createHandler(registry, { gateways });
  await use((request) => Promise.resolve(handler(request)));
}

async function ask(registry: StoredRegistry, at: string, init?: RequestInit): Promise<void> {
  await served(registry, async (fetch) => {
    const response = await fetch(new Request(`${HOST}${at}`, init));
    if (!response.ok) throw new Error(`${at}: ${response.status} ${await response.text()}`);
    for await (const _ of response.body ?? []);
  });
}

async function all(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

const { backend, calls } = withCounts(createLocalBackend({ path, durability: "os" }));
const registry = await openRegistry(backend, { cache: false });
calls.take();
const request = REQUESTS[operation];
const time = await timed(() =>
  request === undefined ? OPERATIONS[operation]!(registry) : ask(registry, ...request)
);
const report: NightReport = { time, peakRssMib: peakRssMib(), requests: calls.take() };
console.log(JSON.stringify(report));
process.exit(0);
