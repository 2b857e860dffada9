// The files of a version some at a time, so that a long list is not held whole.
import { artifactDigest } from "../../core/kernel.ts";
import type { StoredFile } from "../../registry/extending.ts";
import { type Located, type PayloadSource, placeOf, type Records } from "../../registry/records.ts";

/** Pages of a group. Each object that has files of a group is read once for it. */
const GROUP_PAGES = 32;

/** The files of a version whose list is read. */
export interface GroupedFiles {
  /** Number of files. */
  count: number;
  /** Returns the digest of its files. */
  digest(): Promise<string>;
  /** Yields the files, those of a long list in groups of pages, without the infos of files. */
  groups(): AsyncIterable<PayloadSource>;
}

/** Reads the list of a version. Throws the reason if an object of it is missing. */
export async function groupedFiles(
  context: Records,
  located: Located,
  signal?: AbortSignal,
): Promise<GroupedFiles> {
  const { record } = located;
  const list = context.files(record, { signal });
  if (list.count === 0) {
    const source = await context.source(located, signal);
    const digest = () => artifactDigest(record.materializer, source.files);
    return { count: source.files.length, digest, groups: () => only(source) };
  }
  const short = { ...located, record: { ...record, files: [], fileList: undefined } };
  const source = await context.source(short, signal);
  const gone = (error: unknown) => context.orGone(located, error);
  const digest = () => artifactDigest(record.materializer, list.slices()).catch(gone);
  async function* groups(): AsyncGenerator<PayloadSource> {
    let files: StoredFile[] = [];
    let pages = 0;
    try {
      for await (const some of list.slices({ ahead: 1 })) {
        files = files.concat(some);
        if (++pages < GROUP_PAGES) continue;
        yield { ...source, files: byObject(files) };
        files = [];
        pages = 0;
      }
    } catch (error) {
      await gone(error);
    }
    if (files.length > 0) yield { ...source, files: byObject(files) };
  }
  return { count: list.count, digest, groups };
}

/** Sorts files so that those of one object, which share a read, are adjacent. */
function byObject(files: readonly StoredFile[]): StoredFile[] {
  const objects = Map.groupBy(files, (file) => {
    const [part] = file.parts ?? [];
    return part && `${placeOf(file, part)}/${part.object}`;
  });
  return [...objects.values()].flat();
}

async function* only(source: PayloadSource): AsyncGenerator<PayloadSource> {
  yield await Promise.resolve(source);
}
