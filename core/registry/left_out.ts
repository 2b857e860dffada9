// Files and links that were left out of a save or a download.
/**
 * The reason for leaving out a file:
 *
 * - `special`: a pipe, a socket or a device.
 * - `link`: a symbolic link that was skipped on request.
 * - `broken link`: a followed link without a target.
 * - `looping link`: a followed link to a folder that contains it.
 * - `outside link`: a link that leads out of the downloaded folder.
 * - `linked content`: the target of a kept link that leads outside the folder. The link is saved.
 * - `excluded`, `not included`: by the given patterns.
 * - `ignored`: by a `.holdfastignore` or `.gitignore` in the folder.
 * - `git`, `registry`, `cache`: the history of a checkout, a registry, or a cache of registries.
 * - `unreadable`: a file or folder that this program may not read, left out on request.
 * - `unfinished`: temporary files of downloads and file stores, left out even with `all`.
 */
export type LeftOutReason =
  | "special"
  | "link"
  | "broken link"
  | "looping link"
  | "outside link"
  | "linked content"
  | "excluded"
  | "not included"
  | "ignored"
  | "git"
  | "registry"
  | "cache"
  | "unreadable"
  | "unfinished";

/** A path that was left out. */
export interface LeftOut {
  /** Path in the folder, with `/`. A folder with its content ends with `/`. */
  path: string;
  reason: LeftOutReason;
  target?: string;
}

/** Symbolic links to write: those that stay inside the folder (`safe`), all, or none. */
export type WrittenLinks = "safe" | "unsafe" | "skip";
