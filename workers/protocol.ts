// What the two threads of a batch ask of each other. A worker runs jobs that need only the store;
// the caller's thread keeps the commit protocol, so a worker that crashes has committed nothing,
// and its jobs can be run again.
import type { BackendDescriptor } from "../core/backend.ts";
import type { DiskFile } from "../core/disk/disk_file.ts";
import type { JobProgress } from "../core/executor.ts";
import type { Logger } from "../core/registry.ts";
import type { CacheDescriptor } from "../registry/cache/cache.ts";
import type { PayloadJobs } from "../registry/jobs/kinds.ts";

/** What a worker opens. */
export interface OpenRequest {
  /** The cache of the caller's registry, where it has one that can be opened. */
  cache?: CacheDescriptor;
  /** How to open the store. */
  backend: Omit<BackendDescriptor, "functions">;
  /** Names of options that are functions of the caller's thread. */
  functions: string[];
}

/** Content as it crosses: bytes come along, what is on disk is read there, all else is pulled. */
export type WireContent =
  | Uint8Array
  | { disk: DiskFile }
  | { port: number; size?: number; repeatable: boolean };

/** A job as it crosses: content in its wire form, and without what only the caller's thread has. */
export interface RunRequest {
  /** Number of the run. */
  run: number;
  /** The kind of the job. */
  kind: keyof PayloadJobs;
  /** The job. */
  job: unknown;
}

/** What a worker does for the caller's thread. */
export type WorkerMethods = {
  open(request: OpenRequest): Promise<void>;
  run(request: RunRequest, signal: AbortSignal): Promise<unknown>;
  ping(request: undefined): void;
  /** Finishes what goes on in the background. */
  close(request: undefined): Promise<void>;
};

/** What the caller's thread does for a worker. */
export type CallerMethods = {
  /** Hears how far a run is. */
  progress(request: { run: number; progress: JobProgress }): void;
  /** Takes a line for the log. */
  log(request: { level: keyof Logger; message: string }): void;
  /** Begins to read content, into places of shared memory: they are used again, and cost less than memory that moves. */
  openPort(request: { port: number; places: readonly SharedArrayBuffer[] }): number;
  /** Writes the next piece of content to a place and returns its bytes, 0 at its end. */
  pull(request: { stream: number; place: number }): Promise<number>;
  /** Reads no more of content. */
  closePort(request: { stream: number }): Promise<void>;
  /** Calls an option of the backend that is a function. */
  ask(request: { name: string }): unknown;
};
