/**
 * Verifying every version that a registry holds.
 *
 * @module
 */
import { isPrefix } from "../../core/backend.ts";
import { isRegistryError, RegistryError } from "../../core/errors.ts";
import type { ErrorCode } from "../../core/errors.ts";
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { decodeName } from "../../core/names.ts";
import { artifactDigest } from "../../core/record.ts";
import { contextOf } from "../context.ts";
import type { Context } from "../context.ts";
import { readHead, readRecord, versionHeads } from "../cell/heads.ts";
import type { VersionHead } from "../cell/heads.ts";
import { NAMES, SETTINGS } from "../layout.ts";
import { checkKnown } from "../listing.ts";
import { payloadSource } from "../load.ts";
import { createArtifact, readThrough } from "../payload/read.ts";
import { locateVersion } from "../resolve.ts";

/** Options of {@linkcode verifyRegistry}. */
export interface VerifyOptions extends SignalOptions {
  /** Only these names. @default all */
  names?: Iterable<string>;
  /** Read every file and check its SHA-256; else only the records. @default true */
  deep?: boolean;
  /** Hears of each version that was looked at. */
  onProgress?: (progress: { versions: number; bytes: number; ref: string }) => void;
}

/** What {@linkcode verifyRegistry} found. */
export interface VerifyReport {
  /** True when there are no problems. */
  ok: boolean;
  /** How many versions were looked at. */
  versions: number;
  /** How many of their files were read. */
  files: number;
  /** Their bytes. */
  bytes: number;
  /** What is wrong. */
  problems: VerifyProblem[];
}

/** One thing that is wrong. */
export interface VerifyProblem {
  /** The version. */
  ref: string;
  /** The storage key concerned. */
  key: string;
  /** What kind of problem: `Corrupt` for damage, `NotFound` for a version that does not count because it came too late. */
  code: ErrorCode;
  /** What is wrong. */
  message: string;
  /** What to do. */
  hint?: string;
}

/** Reads every version (with `names`, of these; one that is not there is `NotFound`) and checks it. Damage is reported, never thrown; what the store refuses is thrown. */
export async function verifyRegistry(registry: Registry, options: VerifyOptions = {}): Promise<VerifyReport> {
  const context: Context = { ...contextOf(registry), cache: undefined }; // what the store has is to be verified
  const { signal, onProgress } = options;
  const report: VerifyReport = { ok: true, versions: 0, files: 0, bytes: 0, problems: [] };
  for await (const name of options.names ?? allNames(context, signal)) {
    if (options.names !== undefined) await checkKnown(context, name, signal);
    for await (const found of versionHeads(context, name, { deleted: true, signal })) {
      const ref = `${name}@${found.version.canonical}`;
      if (found.head.dead) {
        const problem = await verifyTombstone(context, found.head.key, signal);
        if (problem !== undefined) report.problems.push(asProblem(ref, found.head.key, problem));
        continue;
      }
      const problem = await verifyVersion(context, name, found, report, options);
      if (problem !== undefined) report.problems.push(asProblem(ref, found.head.key, problem));
      report.versions++;
      onProgress?.({ versions: report.versions, bytes: report.bytes, ref });
    }
  }
  report.ok = report.problems.length === 0;
  return report;
}

/** Every name that has a cell, also where all versions are deleted. */
async function* allNames({ backend }: Context, signal?: AbortSignal): AsyncGenerator<string> {
  for await (const entry of backend.list(NAMES, { delimiter: "/", signal })) {
    const name = isPrefix(entry) ? decodeName(entry.prefix.slice(NAMES.length, -1)) : undefined;
    if (name !== undefined) yield name;
  }
}

/** A record that was cut to the size of a tombstone looks like one in every listing. */
async function verifyTombstone(
  context: Context,
  key: string,
  signal?: AbortSignal,
): Promise<RegistryError | undefined> {
  try {
    await readRecord(context, key, signal);
  } catch (error) {
    if (!isRegistryError(error, "Corrupt", "Unsupported")) throw error;
    return error;
  }
}

async function verifyVersion(
  context: Context,
  name: string,
  { version, head }: VersionHead,
  report: VerifyReport,
  { deep = true, signal }: VerifyOptions,
): Promise<RegistryError | undefined> {
  for (;;) {
    try {
      const located = await locateVersion(context, name, version, signal);
      const problem = context.voids.has(head.key) ? voidRecord(head.key) : undefined;
      if (located === undefined) return problem; // nothing below it, or deleted meanwhile
      const source = await payloadSource(context, located, signal);
      const { info } = source;
      if (artifactDigest(info.materializer, info.files) !== info.digest) return wrongDigest(located.found.info.key);
      if (!deep) return problem;
      const artifact = createArtifact(context, source, { verify: "integrity", signal });
      report.bytes += await readThrough(artifact);
      report.files += info.files.length;
      return problem;
    } catch (error) {
      if (isRegistryError(error, "Conflict")) continue; // overtaken by a writer, or void: what counts now
      if (!isRegistryError(error, "Corrupt", "Unsupported", "Unavailable")) throw error;
      if (error.code === "Unavailable") await readHead(context, SETTINGS, signal); // throws where nothing can be read
      return error;
    }
  }
}

function wrongDigest(key: string): RegistryError {
  return new RegistryError({
    code: "Corrupt",
    message: `Cannot trust record "${key}": its digest does not match its files`,
    hint: "Restore the object from a copy.",
    key,
  });
}

function voidRecord(key: string): RegistryError {
  return new RegistryError({
    code: "NotFound",
    message: `Cannot count record "${key}": it landed too late, when its payload was collected already`,
    hint: "Its writer never heard of a success. The version before it counts, if there is one; nothing is to be done.",
    key,
  });
}

function asProblem(ref: string, head: string, { key = head, code, message, hint }: RegistryError): VerifyProblem {
  return { ref, key, code, message, ...(hint === undefined ? {} : { hint }) };
}
