// Files of a run that goes on, as parts of its draft. Their names have the time and the path, so one
// file is found without a look at the others, and the newest of a path counts.
import type { Artifact, Registry, System } from "../../../mod.ts";
import type { ArtifactFile } from "../../../materializers/mod.ts";
import { fileToSave, foldersOf, notFound, sha256, shown, valueAt } from "../../../core/kernel.ts";
import { CURVE_FILE } from "../curve_file.ts";
import { partsOf } from "../kept_points.ts";
import type { RunKey } from "./ids.ts";
import { curveOf, linesOf, type OpenedVersion } from "./stored_run.ts";

type Page = Parameters<typeof fileToSave>[0] & Pick<Artifact, "info">;
type Draft = Awaited<ReturnType<Registry["openDraft"]>>;

const PART = "artifact-";
/** Parts with files of the version before: they come before all others of their path. */
export const TAKEN_OVER = `${PART}000000000000000-`;
/** The writer of the points of the version that a resumed run goes on from: it comes before all. */
export const EARLIER = "00000-00000000-0000-7000-8000-000000000000";

/** Returns the name of a new part with a file. */
export function partOf(path: string, system: System): string {
  const random = system.id().replaceAll("-", "").slice(-16);
  return `${PART}${String(system.now()).padStart(15, "0")}-${random}-${digestOf(path)}`;
}

/** Returns whether a part may have files of a path; without a path, whether it has artifacts. */
export function mayHave(part: string, path?: string): boolean {
  if (!part.startsWith(PART)) return false;
  return path === undefined || part.startsWith(TAKEN_OVER) || part.endsWith(digestOf(path));
}

function digestOf(path: string): string {
  return sha256(new TextEncoder().encode(path)).slice(0, 32);
}

/**
 * Returns the newest file of each path. A file in the place of a folder replaces all of it, and the
 * reverse: no version has both.
 */
export function newestFiles<T extends { path: string; part: string; addedAt?: Date }>(
  files: readonly T[],
): T[] {
  const isTaken = ({ part }: T) => Number(part.startsWith(TAKEN_OVER));
  const newestFirst = files.filter(({ part }) => part.startsWith(PART)).sort((one, other) =>
    isTaken(one) - isTaken(other) ||
    Number(other.addedAt ?? 0) - Number(one.addedAt ?? 0) ||
    (one.part > other.part ? -1 : 1)
  );
  const newest = new Map<string, T>(), folders = new Set<string>();
  for (const file of newestFirst) {
    const above = [...foldersOf([file.path])];
    if (newest.has(file.path) || folders.has(file.path)) continue;
    if (above.some((folder) => newest.has(folder))) continue;
    newest.set(file.path, file);
    for (const folder of above) folders.add(folder);
  }
  return files.filter((file) => newest.get(file.path) === file);
}

/** Returns the newest files of a draft, and all its parts. */
export async function newestIn(draft: Draft) {
  const times = new Map((await draft.info()).parts.map(({ part, addedAt }) => [part, addedAt]));
  const files = (await draft.files()).map((file) => ({ ...file, addedAt: times.get(file.part) }));
  return { files: newestFiles(files), parts: [...times.keys()] };
}

/** Adds the points and the files of the version that a resumed run goes on from. */
export async function takeOver(
  draft: Draft,
  run: RunKey,
  version: OpenedVersion & { pages(): AsyncIterable<Page> },
): Promise<void> {
  await takePoints(draft, run, linesOf(version));
  const curve = curveOf(version.info);
  const taken = new Set(
    (await draft.files()).filter(({ part }) => mayHave(part)).map(({ path }) => path),
  );
  for await (const page of version.pages()) {
    for (const info of page.info.files) {
      if (taken.has(info.path) || info.path === curve) continue;
      const part = `${TAKEN_OVER}${taken.size}-${info.sha256}`;
      await draft.addPart(part, [fileToSave(page, info)]);
      taken.add(info.path);
    }
  }
}

/** Adds points as those of an earlier writer. */
export async function takePoints(
  draft: Draft,
  run: RunKey,
  points: AsyncIterable<string>,
): Promise<void> {
  async function* lines() {
    yield JSON.stringify({ kept: { ...run, writer: EARLIER, first: 0 } });
    yield* points;
  }
  for await (const { part, text } of partsOf(lines(), run)) {
    await draft.addPart(part, [{ path: CURVE_FILE, content: new TextEncoder().encode(text) }]);
  }
}

export interface SentFile {
  readonly path: string;
  readonly part: string;
  readonly addedAt?: Date;
  readonly file: ArtifactFile;
}

/** Returns the newest files of a run that goes on, opened like those of a version. */
export function asVersion({ name, id }: RunKey, sent: readonly SentFile[]) {
  const newest = newestFiles(sent), files = new Map(newest.map(({ path, file }) => [path, file]));
  const addedAt = newest.map(({ addedAt }) => Number(addedAt ?? 0));
  const info = {
    name,
    version: "0.0.0",
    commit: id,
    generation: 0,
    digest: "",
    size: 0,
    createdAt: new Date(addedAt.reduce((last, time) => Math.max(last, time), 0)),
    materializer: { id: "folder", formatVersion: 1 },
    metadata: {},
    inputs: [],
    files: [...files.values()].map(({ info }) => info),
  };
  const artifact = {
    info,
    files: () => [...files.values()],
    file: (path = "") => valueAt(files, path),
  };
  return {
    info,
    count: files.size,
    async *pages() {
      yield await Promise.resolve(artifact);
    },
    async file(path: string) {
      const file = await Promise.resolve(files.get(path));
      if (file === undefined) throw notFound("read", shown(path), "no such file");
      return file;
    },
  };
}
