// Types of differences between versions.
import type { ArtifactInfo } from "../../../core/artifact.ts";
import type { ValueChange } from "../../../core/text/value_changes.ts";
import type { SignalOptions } from "../../../core/registry/operations/saving.ts";
import type { ArtifactInput, FileInfo } from "../../../core/record.ts";

/** Options of {@linkcode diffVersions}. */
export interface DiffOptions extends SignalOptions {
  before: string;
  /** A ref, or a value that is not saved, such as `localPath("./data")`. */
  after: unknown;
}

/** A compared version, or value that is not saved. */
export type ComparedVersion =
  & Pick<ArtifactInfo, "digest" | "size" | "materializer">
  & Partial<Pick<ArtifactInfo, "name" | "version" | "createdAt">>;

/** A change of one file. */
export interface FileChange {
  /** Its path in the second version, or in the first if it was removed. */
  path: string;
  /** `renamed`: the same content at another path, which was `from`. */
  change: "added" | "removed" | "changed" | "renamed";
  from?: string;
  /** Absent if it was added. */
  before?: FileInfo;
  /** Absent if it was removed. */
  after?: FileInfo;
}

/** The differences between two versions. */
export interface VersionDifference {
  before: ComparedVersion;
  after: ComparedVersion;
  /** True if files, materializer, metadata and inputs are equal. */
  same: boolean;
  /** In the order of their paths. */
  files: FileChange[];
  unchanged: number;
  /** Changes of the metadata; empty for a value that is not saved. */
  metadata: ValueChange[];
  /** Changes of the inputs; empty for a value that is not saved. */
  inputs: { added: ArtifactInput[]; removed: ArtifactInput[] };
}
