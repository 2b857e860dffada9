// Carries out requests in a process. Each line of stdin opens a store, `{ "id", "open" }`, or makes
// a request, `{ "id", "request" }`. Each line of stdout is an answer, `{ "id", "answer" }`, or an
// unexpected failure, `{ "id", "error" }`.
import { createInterface } from "node:readline";
import fs from "node:fs";
import process from "node:process";
import { createLocalBackend } from "../../../backends/local.ts";
import type { S3BackendOptions } from "../../../backends/s3.ts";
import type { Backend } from "../../../core/backend.ts";
import { createBucketFiles } from "../../../files/bucket.ts";
import { createLocalFiles } from "../../../files/local.ts";
import { createFileManager } from "../../../files/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { realSystem } from "../../../core/system.ts";
import { answered, performOnFiles, performOnRegistry } from "./perform.ts";
import type { Answer, Request } from "./request.ts";

export interface StoreToOpen {
  kind: "registry" | "files";
  path?: string;
  s3?: S3BackendOptions;
}

/** A process sometimes pauses before these calls, so that others come in between. */
const SLOW = [
  "linkSync",
  "renameSync",
  "unlinkSync",
  "mkdirSync",
  "rmdirSync",
  "openSync",
] as const;
const SLOW_CHANCE = 0.3;
const SLOW_MS = 4;

function slowDown(): void {
  const still = new Int32Array(new SharedArrayBuffer(4));
  for (const name of SLOW) {
    const call = fs[name] as (...args: unknown[]) => unknown;
    const slow = (...args: unknown[]) => {
      if (realSystem.random() < SLOW_CHANCE) {
        Atomics.wait(still, 0, 0, realSystem.random() * SLOW_MS);
      }
      return call(...args);
    };
    Object.assign(fs, { [name]: slow });
  }
}

let perform: (request: Request) => Promise<Answer>;

/** Loads the driver of S3 only for a bucket. */
async function openBucket(options: S3BackendOptions): Promise<Backend> {
  const { createS3Backend } = await import("../../../backends/s3.ts");
  return createS3Backend(options);
}

async function open({ kind, path = "", s3 }: StoreToOpen): Promise<void> {
  const backend = s3 === undefined ? undefined : await openBucket(s3);
  if (kind === "files") {
    const store = backend === undefined
      ? createLocalFiles({ root: path })
      : createBucketFiles({ backend });
    const files = await createFileManager({ it: store }).on("it");
    perform = (request) => performOnFiles(files, request);
  } else {
    const store = backend ?? createLocalBackend({ path, durability: "os" });
    const registry = await openRegistry(store, { mutable: true, cache: false });
    perform = (request) => performOnRegistry(registry, request);
  }
}

async function take(line: string): Promise<void> {
  const { id, open: store, request } = JSON.parse(line) as {
    id: number;
    open?: StoreToOpen;
    request?: Request;
  };
  try {
    if (store !== undefined) await open(store);
    const answer = request === undefined ? { result: "ok" } : await answered(perform(request));
    fs.writeSync(1, `${JSON.stringify({ id, answer })}\n`);
  } catch (error) {
    fs.writeSync(1, `${JSON.stringify({ id, error: (error as Error).stack ?? String(error) })}\n`);
  }
}

slowDown();
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => void take(line));
