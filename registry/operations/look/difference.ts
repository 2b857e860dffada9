// What differs between two versions.
import type { ArtifactInfo } from "../../../core/artifact.ts";
import type { ValueChange } from "./value_changes.ts";
import type { SignalOptions } from "../../../core/registry/saving.ts";
import type { ArtifactInput, FileInfo } from "../../../core/record.ts";

/** Which two are compared. */
export interface DiffOptions extends SignalOptions {
  before: string;
  /** The second: a ref, or a value that is not saved, such as `localPath("./data")`, which is read for its digests. */
  after: unknown;
}

/** One of the two that were compared: a version, or a value that is not saved, of which there is less to tell. */
export type ComparedVersion =
  & Pick<ArtifactInfo, "digest" | "size" | "materializer">
  & Partial<Pick<ArtifactInfo, "name" | "version" | "createdAt">>;

/** What became of a file between the two. */
export interface FileChange {
  /** Its path: in the second, or in the first where it was removed. */
  path: string;
  /** `renamed`: the same bytes stand under another path; `from` says which it was. */
  change: "added" | "removed" | "changed" | "renamed";
  from?: string;
  /** The file in the first; absent where it was added. */
  before?: FileInfo;
  /** The file in the second; absent where it was removed. */
  after?: FileInfo;
}

/** What differs between two versions, from the first to the second. */
export interface VersionDifference {
  before: ComparedVersion;
  after: ComparedVersion;
  /** True where nothing differs: neither files nor what wrote them, neither metadata nor inputs. */
  same: boolean;
  /** The files that differ, in the order of their paths. */
  files: FileChange[];
  unchanged: number;
  /** What differs in the metadata; empty beside a value that is not saved. */
  metadata: ValueChange[];
  /** What only one of them was made from; empty beside a value that is not saved. */
  inputs: { added: ArtifactInput[]; removed: ArtifactInput[] };
}
