// Verification of one version: what counts is read, with its files.
import { fault, isRegistryError, type RegistryError } from "../../core/errors.ts";
import { artifactDigest } from "../../core/record/record.ts";
import type { Version } from "../../core/naming/versions.ts";
import { readHead, readRecord } from "../cell/heads.ts";
import type { Head } from "../cell/heads.ts";
import type { Context } from "../opening/context.ts";
import { cellOf } from "../layout.ts";
import { payloadSource } from "../load.ts";
import { createArtifact, readThrough } from "../payload/read.ts";
import { readCell } from "../resolve.ts";
import { asPartial } from "./readable.ts";
import type { VerifyRecordsOptions, VerifyReport } from "./verify_report.ts";

/** A version by the newest record of its cell. */
export interface ListedVersion {
  name: string;
  version: Version;
  head: Head;
}

export async function verifyVersion(
  context: Context,
  { name, version, head }: ListedVersion,
  report: VerifyReport,
  { deep, signal, onProgress, onRecord }: VerifyRecordsOptions,
): Promise<RegistryError | undefined> {
  const cell = cellOf(head.key);
  let listed: Head | undefined = head;
  for (;; listed = undefined) { // the listing is believed once
    try {
      const located = await readCell(context, cell, { head: listed, signal });
      const problem = context.voids.has(head.key) ? voidRecord(head.key) : undefined;
      if (located === undefined) return problem ?? await scrubbedHead(context, head, signal);
      onRecord?.(located.record);
      const source = await payloadSource(context, located, signal);
      const { materializer, files, digest } = source.info;
      if (artifactDigest(materializer, files) !== digest) {
        return counted(wrongDigest(located.found.info.key));
      }
      if (!deep) {
        report.unseen.files += files.length;
        return counted(problem);
      }
      const bytes = await readThrough(
        createArtifact(context, source, { verify: "integrity", signal }),
      );
      report.bytes += bytes;
      report.files += files.length;
      return counted(problem);
    } catch (error) {
      if (isRegistryError(error, "Conflict")) continue; // overtaken by a writer, or void: what counts now
      return counted(await asPartial(context, error, signal));
    }
  }

  function counted(problem: RegistryError | undefined): RegistryError | undefined {
    report.versions++;
    onProgress?.({
      versions: report.versions,
      bytes: report.bytes,
      ref: `${name}@${version.canonical}`,
    });
    return problem;
  }
}

/** Only what was replaced is ever scrubbed: where it is the newest, what replaced it is lost. */
async function scrubbedHead(
  context: Context,
  { key }: Head,
  signal?: AbortSignal,
): Promise<RegistryError | undefined> {
  const record = (await readRecord(context, key, signal))?.record;
  if (record?.kind !== "scrubbed" || (await readHead(context, cellOf(key), signal))?.key !== key) {
    return undefined;
  }
  return fault({
    code: "Corrupt",
    action: "find what replaced record",
    subject: `"${key}"`,
    state: "its content was collected, and nothing lies above it",
    hint: "Something else deleted it. Restore the newer records of this version from a copy.",
    key,
  });
}

function wrongDigest(key: string): RegistryError {
  return fault({
    code: "Corrupt",
    action: "trust record",
    subject: `"${key}"`,
    state: "its digest does not match its files",
    hint: "Restore the object from a copy.",
    key,
  });
}

function voidRecord(key: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "count record",
    subject: `"${key}"`,
    state: "it landed too late, when its payload was collected already",
    hint:
      "Its writer never heard of a success. The version before it counts, if there is one; nothing is to be done.",
    key,
  });
}
