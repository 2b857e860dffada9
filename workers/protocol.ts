// What the two threads of a batch ask of each other. A worker runs jobs that need only the store;
// the caller's thread keeps the commit protocol, so a worker that crashes has committed nothing,
// and its jobs can be run again.
import type { BackendDescriptor } from "../core/backend.ts";
import type { DiskFile } from "../disk/disk_file.ts";
import type { JobProgress } from "../core/executor.ts";
import type { Logger } from "../core/registry.ts";
import type { CacheDescriptor } from "../registry/cache/cache.ts";
import type { PayloadJobs } from "../registry/payload/job_kinds.ts";

export interface OpenRequest {
  cache?: CacheDescriptor;
  backend: Omit<BackendDescriptor, "functions">;
  functions: string[];
}

/** Content as it crosses: bytes come along, what is on disk is read there, all else is pulled. */
export type WireContent =
  | Uint8Array
  | { disk: DiskFile }
  | { port: number; size?: number; repeatable: boolean };

/** A job as it crosses: content in its wire form, and without what only the caller's thread has. */
export interface RunRequest {
  run: number;
  kind: keyof PayloadJobs;
  job: unknown;
}

export type WorkerMethods = {
  open(request: OpenRequest): Promise<void>;
  run(request: RunRequest, signal: AbortSignal): Promise<unknown>;
  ping(request: undefined): void;
  close(request: undefined): Promise<void>;
};

export type CallerMethods = {
  progress(request: { run: number; progress: JobProgress }): void;
  log(request: { level: keyof Logger; message: string }): void;
  /** Begins to read content, into places of shared memory: they are used again, and cost less than memory that moves. */
  openPort(request: { port: number; places: readonly SharedArrayBuffer[] }): number;
  pull(request: { stream: number; place: number }): Promise<number>;
  closePort(request: { stream: number }): Promise<void>;
  ask(request: { name: string }): unknown;
};
