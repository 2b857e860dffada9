// The calls between the two threads of a batch. A worker runs jobs that need only the store. The
// caller's thread runs the commit protocol, so a crashed worker has committed nothing and its jobs
// can be repeated.
import type { BackendDescriptor } from "../core/backend.ts";
import type { DiskFile } from "../disk/disk_file.ts";
import type { JobProgress } from "../core/executor.ts";
import type { Logger } from "../core/registry.ts";
import type { CacheDescriptor } from "../registry/cache/cache.ts";
import type { PayloadJobs } from "../registry/payload/job_kinds.ts";

interface OpenRequest {
  cache?: CacheDescriptor;
  backend: Omit<BackendDescriptor, "functions">;
  functions: string[];
}

/** Content of a job: bytes are copied, files are read by the worker. */
export type WireContent = Uint8Array | { disk: DiskFile };

export type WorkerMethods = {
  open(request: OpenRequest): Promise<void>;
  run(
    request: { run: number; kind: keyof PayloadJobs; job: unknown },
    signal: AbortSignal,
  ): Promise<unknown>;
  ping(request: undefined): void;
  close(request: undefined): Promise<void>;
};

export type CallerMethods = {
  progress(request: { run: number; progress: JobProgress }): void;
  log(request: { level: keyof Logger; message: string }): void;
  ask(request: { name: string }): unknown;
};
