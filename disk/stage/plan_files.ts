// The changes that a download makes on a disk: found page by page, kept as a byte for each file.
import { relative, sep } from "node:path";
import type { Artifact, ArtifactFile, PagedArtifact } from "../../core/artifact.ts";
import { sortedByPath } from "../../core/bytes/bytes.ts";
import { alreadyExists, notFound, type RegistryError } from "../../core/errors.ts";
import { filePathProblem } from "../../core/naming/file_paths.ts";
import { shown } from "../../core/naming/names.ts";
import { PathCheck } from "../../core/naming/path_check.ts";
import type { FileInfo } from "../../core/record.ts";
import type { DownloadChange, DownloadedFiles } from "../../core/registry.ts";
import { chosenPages, type ChosenPath } from "../choose_files.ts";
import { compareFile, compareFiles, type Found } from "../compare_files.ts";
import { type LinkTargets, readLinks } from "../links.ts";
import { mountPoints } from "../mounts/mounts.ts";
import { hasOtherTime, placeOf } from "./file_times.ts";
import { findSurplus, type Surplus } from "../surplus_files.ts";
import { exists, lookAt, type Target, unsafePath } from "../target.ts";
import type { WriteFilesPlan } from "./write_options.ts";

/** The state of a file of the version on the disk. */
export const SAME = 0, OTHER_TIME = 1, MISSING = 2, DIFFERENT = 3, LEFT_OUT = 4;

const NO_SURPLUS: Surplus = { paths: [], emptied: [] };
/** Different files that an error names. */
const NAMED = 3;
/** Changes that a result lists. */
const MOST_CHANGES = 100_000;

/** Yields the files of a version that were chosen, page by page, in the same order each time. */
export function chosenFiles(
  version: PagedArtifact,
  chosen: ChosenPath | undefined,
): AsyncIterable<readonly ArtifactFile[]> {
  async function* pages() {
    for await (const page of version.pages()) yield page.files();
  }
  return chosenPages(pages(), ({ info }) => info, chosen);
}

/** The work of a download, and its result, without a row for each file. */
export class Plan implements LinkTargets {
  readonly targets: Map<string, string> = new Map();
  readonly leftOut: LinkTargets["leftOut"] = [];
  /** Folders of the version with times, which are set at the end. */
  readonly folders: FileInfo[] = [];
  surplus: Surplus = NO_SURPLUS;
  readonly result: DownloadedFiles;
  /** Number of files that are the same except for their time. */
  otherTimes = 0;
  /** The states of the files of each page. */
  readonly #states: Uint8Array[] = [];
  readonly #target: Target;
  readonly #options: WriteFilesPlan;
  readonly #blocked: Exclude<Found, string>[] = [];
  readonly #paths: Pick<FileInfo, "path" | "mode">[] = [];
  readonly #points = mountPoints();
  readonly #check = new PathCheck(filePathProblem, unsafePath);
  #different: string[] = [];
  #differing = 0;

  constructor(target: Target, options: WriteFilesPlan) {
    this.#target = target;
    this.#options = options;
    const { path } = target;
    const counts = { files: 0, size: 0, left: 0, written: 0, deleted: 0, moreChanges: 0 };
    this.result = { path, ...counts, changes: [], leftOut: this.leftOut };
  }

  /** Returns the files of a page in one of some states. */
  filesIn(
    page: number,
    files: readonly ArtifactFile[],
    ...states: readonly number[]
  ): ArtifactFile[] {
    return files.filter((_, at) => states.includes(this.#states[page]?.[at] ?? SAME));
  }

  get #removes(): boolean {
    const { kind, exists } = this.#target;
    return this.#options.delete === true && kind === "folder" && exists;
  }

  /** Compares the files of the next page with the disk. */
  async add(files: readonly ArtifactFile[]): Promise<void> {
    const infos = files.map(({ info }) => info);
    this.#check.add(sortedByPath(infos));
    const found = await this.#lookAt(infos);
    const isSame = ({ path }: FileInfo) => found.get(path) === "same";
    const links = await readLinks(files.filter(({ info }) => !isSame(info)), this.#options.links);
    for (const [path, target] of links.targets) this.targets.set(path, target);
    this.leftOut.push(...links.leftOut);
    const leftOut = new Set(links.leftOut.map(({ path }) => path));
    const states = infos.map((info) =>
      leftOut.has(info.path) ? LEFT_OUT : this.#stateOf(info, found.get(info.path)!)
    );
    this.#states.push(Uint8Array.from(states));
    if (this.#removes) { for (const { path, mode } of infos) this.#paths.push({ path, mode }); }
  }

  async #lookAt(files: readonly FileInfo[]): Promise<Map<string, Found>> {
    const { signal, onThere } = this.#options;
    const { kind, path, exists } = this.#target;
    const onSame = (file: FileInfo) => onThere?.(file, file.size);
    if (kind === "folder") {
      if (exists) return await compareFiles(files, path, { signal, onSame });
      return new Map(files.map(({ path }) => [path, "missing"]));
    }
    const states = new Map<string, Found>();
    for (const file of files) { // it is the only one
      states.set(file.path, await compareFile(file, path, { signal }));
      if (states.get(file.path) === "same") onSame(file);
    }
    return states;
  }

  #stateOf(info: FileInfo, found: Found): number {
    const { path, size, mode, modifiedAt } = info;
    this.result.files++;
    this.result.size += size;
    if (mode === "folder" && modifiedAt !== undefined) this.folders.push(info);
    if (found === "same") {
      this.result.left++;
      if (!hasOtherTime(info, placeOf(info, this.#target))) return SAME;
      this.otherTimes++;
      return OTHER_TIME;
    }
    this.result.written++;
    this.#addChange(path, found === "different" ? "replace" : "add");
    if (typeof found === "object") {
      if (!this.#removes) throw exists(found.inTheWay, found.state);
      this.#blocked.push(found);
    }
    if (found !== "different") return MISSING;
    this.#differing++;
    if (this.#different.length < NAMED) this.#different.push(path);
    return DIFFERENT;
  }

  #addChange(path: string, change: DownloadChange["change"]): void {
    const { result } = this;
    if (result.changes.length < MOST_CHANGES) result.changes.push({ path, change });
    else result.moreChanges++;
  }

  /** Finds what is to be removed. Throws for what is in the way and stays. */
  async end(): Promise<void> {
    const { path, kind } = this.#target;
    if (this.#removes) {
      this.surplus = await findSurplus(path, this.#paths, { selects: this.#options.chosen });
    }
    const { paths, emptied } = this.surplus;
    const going = new Set([...paths.map((path) => path.replace(/\/$/, "")), ...emptied]);
    const relativePath = (place: string) => relative(path, place).replaceAll(sep, "/");
    const stays = this.#blocked.find(({ inTheWay }) => !going.has(relativePath(inTheWay)));
    if (stays !== undefined) throw exists(stays.inTheWay, stays.state);
    if (!this.#options.overwrite && this.#differing > 0) throw this.#differs();
    for (const path of paths) this.#addChange(path, "remove");
    this.result.deleted = paths.length;
    if (this.result.files === 0 && kind === "folder" && !this.#target.exists) {
      this.#addChange("./", "add");
    }
  }

  /** Lists the changes of times, which come last. */
  addTimes(files: readonly ArtifactFile[]): void {
    for (const { info: { path } } of files) this.#addChange(path, "time");
  }

  /** Throws for a file with a mount of its own, as containers have: no rename replaces it. */
  checkNoMountPoint(files: readonly ArtifactFile[]): void {
    const places = files.map(({ info }) => placeOf(info, this.#target));
    const point = places.find((path) => this.#points.has(path) && !lookAt(path)?.isDirectory());
    if (point === undefined) return;
    throw alreadyExists("write", shown(point), "it is a mount point", {
      hint: "Unmount it, or leave it out with `exclude`.",
      reason: { kind: "mount_point" },
    });
  }

  #differs(): RegistryError {
    const { kind, path } = this.#target;
    if (kind === "file") return exists(path, "a different file exists");
    const named = this.#different.map(shown).join(", ");
    const count = this.#differing;
    const more = count > NAMED ? ` and ${count - NAMED} more` : "";
    const what = count === 1 ? "1 file differs" : `${count} files differ`;
    return exists(path, `${what} from the version (${named}${more})`);
  }
}

/** Compares all files of a version with the disk. */
export async function planFiles(
  version: PagedArtifact,
  target: Target,
  options: WriteFilesPlan,
): Promise<Plan> {
  const plan = new Plan(target, options);
  for await (const files of chosenFiles(version, options.chosen)) await plan.add(files);
  if (plan.result.files + plan.leftOut.length === 0 && version.count > 0) {
    throw await noneChosen(version);
  }
  await plan.end();
  options.onPlanned?.(plan.result.size);
  return plan;
}

async function noneChosen({ info, pages }: PagedArtifact): Promise<RegistryError> {
  let first: Artifact | undefined;
  for await (first of pages()) break;
  const path = first?.info.files[0]?.path ?? "";
  const state = "the patterns select no file";
  const hint = `Use patterns as in .gitignore; its first file is ${shown(path)}.`;
  return notFound("download", shown(`${info.name}@${info.version}`), state, { hint });
}
