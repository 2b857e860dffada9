// Records of successful steps and of failed attempts.
import type { ExitCode, ExitName } from "../../contract/operator.ts";
import type { PlainValue } from "../../../core/text/plain_value.ts";

/** The sources of a step's outputs: equal fingerprints give equal outputs. */
export interface Fingerprint {
  inputs: Record<string, string>;
  /** Parameters and variables, without secrets. */
  params: PlainValue;
  code: string;
}

/** An output of a step, and its location. */
export interface SavedOutput {
  /** Destination in the configuration: `registry:data:clean`, a URL, a path. */
  to: string;
  ref?: string;
  path?: string;
  file?: string;
  files?: string[];
  /** SHA-256 of its content; of objects in a bucket, of their sizes and tags. */
  digest: string;
  /** Bytes. */
  size: number;
}

/** Members of every record of a step. */
export interface StepFacts {
  run: string;
  step: string;
  node: string;
  operator: string;
  fingerprint: Fingerprint;
  /** Identifies the effect: pipeline, step, fingerprint and previous success. */
  effect: string;
  /** From 1. */
  attempt: number;
  /** ISO 8601. */
  startedAt: string;
  /** Milliseconds. */
  durationMs: number;
  usage?: Record<string, PlainValue>;
  git?: { repo: string; tag?: string };
}

/** A success of a step. Its existence means that the step is done. */
export interface StepRecord extends StepFacts {
  kind: "step";
  /** Its outputs, by key: a path below the output root, or `.`. */
  outputs: Record<string, SavedOutput>;
  /** Ref of the records and logs of its shards, if several processes shared it. */
  shards?: string;
}

/** A failed attempt of a step. */
export interface FailureRecord extends StepFacts {
  kind: "failure";
  /** 1 to 5. */
  exitCode: ExitCode;
  exit: ExitName;
  /** Whether it is retried. If not, the step has failed in this run. */
  again: boolean;
  error: { code?: string; message: string; hint?: string };
}
