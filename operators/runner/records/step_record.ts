// What is kept of a step that ended well, and of one that did not.
import type { ExitCode, ExitName } from "../../contract/operator.ts";
import type { PlainValue } from "../../../core/text/plain_value.ts";

/** What a step's outputs are made of: steps with equal fingerprints give the same. */
export interface Fingerprint {
  inputs: Record<string, string>;
  /** Parameters and variables, secrets left out. */
  params: PlainValue;
  code: string;
}

/** What a step wrote, and where it is. */
export interface SavedOutput {
  /** Where the configuration wants it: `registry:data:clean`, a URL, a path. */
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

/** Members that every record of a step has. */
export interface StepFacts {
  run: string;
  step: string;
  node: string;
  operator: string;
  fingerprint: Fingerprint;
  /** Identifies what it does: the same pipeline, step, fingerprint and success before. */
  effect: string;
  /** Which attempt it was, from 1. */
  attempt: number;
  /** When it began, ISO 8601. */
  startedAt: string;
  /** How long it took, milliseconds. */
  durationMs: number;
  usage?: Record<string, PlainValue>;
  git?: { repo: string; tag?: string };
}

/** A success of a step: when this is there, the step has been done. */
export interface StepRecord extends StepFacts {
  kind: "step";
  /** Its outputs, by key: a path below the output root, or `.`. */
  outputs: Record<string, SavedOutput>;
  /** The ref of what its shards left, where several processes shared it: the record and the log of each. */
  shards?: string;
}

/** An attempt of a step that failed. */
export interface FailureRecord extends StepFacts {
  kind: "failure";
  /** 1 to 5. */
  exitCode: ExitCode;
  exit: ExitName;
  /** Whether it is tried again: where not, the step has failed in this run. */
  again: boolean;
  error: { code?: string; message: string; hint?: string };
}
