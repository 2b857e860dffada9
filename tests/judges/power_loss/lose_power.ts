// Repeatedly cuts the power of a disk while it is written to, and prints broken promises. Run it in
// its own mount namespace: `unshare --mount --propagation private`.
//
// Arguments: a folder for the image, and a {@linkcode PowerPlan} as JSON. Prints a {@linkcode
// PowerReport} as JSON.
import fs from "node:fs";
import { setImmediate } from "node:timers";
import { join } from "@std/path";
import process from "node:process";
import { createRandom } from "../../simulate/random.ts";
import { createClients, damageOf, type Durability } from "./clients.ts";
import { createLoopDisk, type DiskKind } from "./loop_disk.ts";
import { createPromises } from "./promises.ts";

export interface PowerPlan {
  kind: DiskKind;
  durability: Durability;
  seed: number;
  rounds: number;
  withoutFolderSync?: boolean;
  /** Stop after the first round that lost data. @default false */
  untilBroken?: boolean;
}

export interface PowerReport {
  promised: number;
  broken: string[];
}

/** Calls that change a disk; the power is lost before one of them. */
const CALLS = [
  "openSync",
  "writeSync",
  "linkSync",
  "renameSync",
  "unlinkSync",
  "mkdirSync",
  "rmdirSync",
  "fsync",
] as const;
const MOST_CALLS = 800;

const [folder, given] = process.argv.slice(2);
const { kind, durability, seed, rounds, withoutFolderSync = false, untilBroken = false } = JSON
  .parse(given) as PowerPlan;
const random = createRandom(seed);
const report: PowerReport = { promised: 0, broken: [] };
const disk = createLoopDisk(kind, folder);
let beforeCall: () => void = () => {};

for (const name of CALLS) {
  const call = fs[name] as (...args: unknown[]) => unknown;
  Object.assign(fs, { [name]: (...args: unknown[]) => (beforeCall(), call(...args)) });
}
const { fsync } = fs;
const isLeftOut = (file: number) => withoutFolderSync && fs.fstatSync(file).isDirectory();
fs.fsync =
  ((file, done) =>
    isLeftOut(file) ? setImmediate(done, null) : fsync(file, done)) as typeof fs.fsync;

for (let round = 0; round < rounds && !(untilBroken && report.broken.length > 0); round++) {
  const root = join(disk.path, `round ${round}`);
  const last = 1 + random.int(MOST_CALLS);
  let calls = 0, isCut = false;
  const clients = createClients(root, durability).map((client) => {
    return { client, promises: createPromises(() => isCut) };
  });
  beforeCall = () => {
    if (isCut || ++calls < last) return;
    isCut = true;
    disk.cut();
  };
  const broken: string[] = [];
  await Promise.all(clients.map(async ({ client, promises }) => {
    await client.live(promises).catch((error) => {
      if (!isCut) broken.push(`${client.name} failed while there was power: ${error}`);
    });
  }));
  beforeCall = () => {};
  if (!isCut) disk.cut();
  await disk.restore();
  for (const { client, promises } of clients) {
    report.promised += promises.count;
    for (const sentence of await client.check(promises)) broken.push(`${client.name}: ${sentence}`);
  }
  broken.push(...await damageOf(root));
  report.broken.push(...broken.map((sentence) => `round ${round}, call ${last}: ${sentence}`));
  fs.rmSync(root, { recursive: true, force: true });
}
await disk.remove();
console.log(JSON.stringify(report));
