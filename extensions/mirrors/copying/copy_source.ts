// The files of a version that is copied: all of a short list, or a long one a page at a time.
import {
  artifactDigest,
  corrupt,
  filePathProblem,
  PathCheck,
  shown,
  slicesInTurns,
  sortedByUtf8,
} from "../../../core/kernel.ts";
import type { StoredFile, VersionRecord } from "../../../registry/extending.ts";
import { allParts, LAYOUT, placeOf } from "../../../registry/records.ts";
import type { Located, PayloadSource, Records } from "../../../registry/records.ts";
import type { MirrorRun } from "../run.ts";

/** A version whose list is read, and has the digest of its record. */
export interface CopySource {
  located: Located;
  /** Without files if the list is in pages. */
  source: PayloadSource;
  /** The list if it is in pages. */
  list?: ReturnType<Records["files"]>;
  count: number;
  /** Bytes in the payload of each version, by its place. */
  bytesAt: ReadonlyMap<string, number>;
}

/** Reads the files of a version once and verifies the digest of its record. */
export async function openSource(run: MirrorRun, located: Located): Promise<CopySource> {
  const { from, signal } = run;
  const { record } = located;
  const gone = (error: unknown) => from.orGone(located, error);
  const list = await longList(run, record).catch(gone);
  const short = { ...located, record: { ...record, files: [], fileList: undefined } };
  const source = await from.source(list === undefined ? located : short, signal);
  const fail = (state: string) =>
    corrupt("mirror", `"${source.ref}"`, state, {
      hint: "Restore the record from a backup, or delete the version.",
      key: source.recordKey,
      backend: from.backend.location,
    });
  const own = from.placeOf(record);
  const bytesAt = new Map([[own, 0]]);
  const paths = new PathCheck(
    (path) => filePathProblem(path, false),
    (path, problem) => fail(`${shown(path)}: ${problem}`),
  );
  let count = 0;
  async function* seen(): AsyncGenerator<readonly StoredFile[]> {
    const sorted = () => slicesInTurns(sortedByUtf8(source.files, ({ path }) => path));
    for await (const files of list?.slices() ?? sorted()) {
      if (list !== undefined) paths.add(files); // a save checks those of short lists
      count += files.length;
      for (const file of files) {
        for (const part of allParts(file)) {
          const place = placeOf(file, part) ?? own;
          bytesAt.set(place, (bytesAt.get(place) ?? 0) + part.size);
        }
      }
      yield files;
    }
  }
  const digest = await artifactDigest(record.materializer, seen()).catch(gone);
  if (digest === record.digest) return { located, source, list, count, bytesAt };
  throw fail("its record's digest does not match its files");
}

/** Returns the list of a record if it is in pages, and will be in the target, too. */
async function longList(
  { from, to, signal }: MirrorRun,
  record: VersionRecord,
): Promise<CopySource["list"]> {
  const list = from.files(record, { signal });
  const bytes = (await list.pages()).reduce((sum, { size }) => sum + size, 0);
  return to.storesPages(bytes) ? list : undefined;
}

export function sharesFiles({ located: { record }, bytesAt }: CopySource): boolean {
  return bytesAt.keys().some((place) => LAYOUT.parsePlace(place).commit !== record.commit);
}
