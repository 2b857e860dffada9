// Retention of one name: which of its versions stay, and deleting the others. The heads of one name
// are held in memory, of each record that is read only what it says here.
import { isRegistryError } from "../../core/errors.ts";
import type { RegistryError } from "../../core/errors.ts";
import { inWords } from "../../core/options/words_of_verbs.ts";
import { readAliases } from "../aliases.ts";
import type { KnownAliases } from "../aliases.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import type { Context } from "../opening/context.ts";
import { versionHeads } from "../cell/heads.ts";
import type { VersionHead } from "../cell/heads.ts";
import { deleteListed } from "../delete.ts";
import { cellOf } from "../layout.ts";
import { readCell } from "../resolve.ts";
import type { PruneOptions, PruneReport } from "./prune_report.ts";

/** The rules, and where it is said what they did. */
export interface PruneRules {
  /** So many of the newest versions that count stay. */
  keepLast: number;
  youngFrom: number;
  keepAliased: boolean;
  report: PruneReport;
  onDeleted?: PruneOptions["onDeleted"];
  signal?: AbortSignal;
}

const AT_ONCE = 16;

interface Standing {
  /** Whether there is a version: not where its records do not count, and not where they cannot be read. */
  counts: boolean;
  modifiedAt?: number;
  /** Why it cannot be read. */
  failure?: RegistryError;
}

/** Deletes what the rules let go. What cannot be read stays, and is named. */
export async function pruneName(context: Context, name: string, rules: PruneRules): Promise<void> {
  const { keepLast, youngFrom, keepAliased, report, onDeleted, signal } = rules;
  const standings = new Map<string, Standing>(); // by the key of the head: another head is another look
  const known: KnownAliases = new Map();
  const heads = await Array.fromAsync(versionHeads(context, name, { signal }));
  const going: VersionHead[] = [];
  const deleted = new Set<VersionHead>();
  try {
    const stays = await protectedVersions(heads);
    await forEachAtOnce(
      heads.filter(({ head }) => head.modifiedAt >= youngFrom && head.generation > 1),
      look,
    );
    for (const found of heads) if (mayGo(found, stays)) going.push(found);
  } catch (error) {
    report.kept += heads.length;
    fail(undefined, error); // what an alias names is not known
    return;
  }
  if (report.dryRun) await forEachAtOnce(going, pretend);
  else await deleteOldestFirst([...going]);
  for (const found of going) {
    if (deleted.has(found)) report.deleted.push({ name, version: found.version.canonical });
  }

  /** Whether no rule keeps it. Counts what stays. What was not looked at is as old as its head: nothing lies below that. */
  function mayGo(found: VersionHead, stays: ReadonlySet<string>): boolean {
    const { version, head } = found;
    const known = standings.get(head.key);
    if (known !== undefined && !known.counts) return settle(found, known);
    const { modifiedAt } = known ?? head;
    return !stays.has(version.canonical) && modifiedAt! < youngFrom || keep();
  }

  async function protectedVersions(listed?: Iterable<VersionHead>): Promise<Set<string>> {
    const aliases = keepAliased ? await readAliases(context, name, { known, signal }) : [];
    const newest = new Set<string>();
    let batch: VersionHead[] = [];
    const take = async () => {
      const looks = await Promise.all(batch.map(look));
      batch.forEach(({ version }, place) => looks[place].counts && newest.add(version.canonical));
      batch = [];
    };
    if (keepLast > 0) {
      for await (const found of listed ?? versionHeads(context, name, { signal })) {
        batch.push(found);
        if (batch.length < Math.min(keepLast - newest.size, AT_ONCE)) continue;
        await take();
        if (newest.size >= keepLast) break;
      }
      await take();
    }
    return new Set([...newest, ...aliases.map(([, version]) => version)]);
  }

  async function look({ head }: VersionHead): Promise<Standing> {
    const known = standings.get(head.key);
    if (known !== undefined) return known;
    const standing = await readCell(context, cellOf(head.key), { head, signal })
      .then((located): Standing => ({
        counts: located !== undefined,
        modifiedAt: located?.head.modifiedAt,
      }))
      .catch((failure): Standing => {
        if (!isRegistryError(failure, "Corrupt", "Unsupported")) throw failure;
        return { counts: false, failure };
      });
    standings.set(head.key, standing);
    return standing;
  }

  async function pretend(found: VersionHead): Promise<void> {
    const standing = await look(found);
    if (standing.counts) deleted.add(found);
    else settle(found, standing);
  }

  /** The newest goes alone and last, when what is kept was looked at once more. */
  async function deleteOldestFirst(left: VersionHead[]): Promise<void> {
    while (left.length > 0) {
      const batch = left.splice(-Math.max(1, Math.min(AT_ONCE, left.length - 1)));
      try {
        const stays = await protectedVersions();
        await forEachAtOnce(batch, async (found) => {
          if (stays.has(found.version.canonical)) keep();
          else await remove(found);
        });
      } catch (error) {
        fail(undefined, error);
        report.kept += left.length + batch.length;
        return;
      }
    }
  }

  async function remove(found: VersionHead): Promise<void> {
    try {
      const outcome = await deleteListed(context, name, found, { signal });
      if (outcome === "deleted") {
        deleted.add(found);
        onDeleted?.({ name, version: found.version.canonical });
      }
      if (outcome === "changed") keep(); // a writer was here a moment ago
    } catch (error) {
      report.kept++;
      fail(found, error);
    }
  }

  /** Nothing counts there, so nothing is to be deleted; or it cannot be read, so it stays. */
  function settle(found: VersionHead, { failure }: Standing): false {
    if (failure !== undefined) {
      report.kept++;
      fail(found, failure);
    }
    return false;
  }

  function keep(): false {
    report.kept++;
    return false;
  }

  function fail(found: VersionHead | undefined, error: unknown): void {
    if (!isRegistryError(error, "Corrupt", "Unsupported")) throw error;
    const version = found?.version.canonical;
    const ref = version === undefined ? name : `${name}@${version}`;
    const { key, code, message, hint } = inWords({ verb: "prune", ref }, error) as RegistryError;
    const about = {
      name,
      ...(version === undefined ? {} : { version }),
      ...(key === undefined ? {} : { key }),
    };
    report.failures.push({ ...about, code, message, ...(hint === undefined ? {} : { hint }) });
  }
}
