// What is kept of a step that ended well, and of one that did not.
import type { ExitCode, ExitName } from "../../../core/pipelines/operator.ts";
import type { PlainValue } from "../../../core/text/plain_value.ts";

/** What a step's outputs are made of: steps with equal fingerprints give the same. */
export interface Fingerprint {
  /** Digest of each input, by its name. */
  inputs: Record<string, string>;
  /** Parameters and variables, secrets left out. */
  params: PlainValue;
  /** Version of the configuration and of the operator's code. */
  code: string;
}

/** What a step wrote, and where it is. */
export interface SavedOutput {
  /** Where the configuration wants it: `registry:data:clean`, a URL, a path. */
  to: string;
  /** Of one in the registry: the exact version. */
  ref?: string;
  /** Of one on a disk or in a bucket: where. */
  path?: string;
  /** The name of an output that is one file. */
  file?: string;
  /** Of many objects below one URL: their paths. */
  files?: string[];
  /** SHA-256 of its content; of objects in a bucket, of their sizes and tags. */
  digest: string;
  /** Bytes. */
  size: number;
}

/** Members that every record of a step has. */
export interface StepFacts {
  /** The run that it was done in. */
  run: string;
  /** The step. */
  step: string;
  /** Its node. */
  node: string;
  /** Its operator's key. */
  operator: string;
  /** What it was made from. */
  fingerprint: Fingerprint;
  /** Identifies what it does: the same pipeline, step, fingerprint and success before. */
  effect: string;
  /** Which attempt it was, from 1. */
  attempt: number;
  /** When it began, ISO 8601. */
  startedAt: string;
  /** How long it took, milliseconds. */
  durationMs: number;
  /** What it took of the machine, where that was measured. */
  usage?: Record<string, PlainValue>;
  /** Where its code is from, as the configuration says. */
  git?: { repo: string; tag?: string };
}

/** A success of a step: when this is there, the step has been done. */
export interface StepRecord extends StepFacts {
  /** What it is. */
  kind: "step";
  /** Its outputs, by key: a path below the output root, or `.`. */
  outputs: Record<string, SavedOutput>;
  /** The ref of what its shards left, where several processes shared it: the record and the log of each. */
  shards?: string;
}

/** An attempt of a step that failed. */
export interface FailureRecord extends StepFacts {
  /** What it is. */
  kind: "failure";
  /** 1 to 5. */
  exitCode: ExitCode;
  /** The same by name. */
  exit: ExitName;
  /** Whether it is tried again: where not, the step has failed in this run. */
  again: boolean;
  /** Why. */
  error: { code?: string; message: string; hint?: string };
}
