// One name, where source or target has no store here: its versions, oldest first, then its aliases,
// by what every registry has.
import { isDeepStrictEqual } from "node:util";
import type { ArtifactInfo } from "../../../core/artifact.ts";
import {
  fault,
  isRegistryError,
  messageOf,
  orMissing,
  type RegistryError,
} from "../../../core/errors.ts";
import { compareVersions, inRange, parseVersion } from "../../../core/naming/versions.ts";
import type { Registry } from "../../../core/registry.ts";
import { readThrough } from "../../payload/read.ts";
import type { MirrorFailure, MirrorItem } from "../report.ts";
import { decision, persist } from "../run.ts";
import type { NamePair } from "../run.ts";
import { saveInTarget } from "./save_in_target.ts";
import type { ContractRun } from "./save_in_target.ts";

export async function mirrorNameByContract(
  run: ContractRun,
  names: NamePair,
): Promise<ReadonlySet<string>> {
  const { from, to, range, signal } = run;
  const list = (registry: Registry, name: string) =>
    persist(
      run,
      () =>
        Array.fromAsync(
          registry.versions(name, { signal }),
          ({ version }) => parseVersion(version),
        ),
    );
  const all = await list(from, names.name);
  const versions = all.filter((version) => range === undefined || inRange(version, range)).sort(
    compareVersions,
  );
  const there = new Set((await list(to, names.target)).map(({ canonical }) => canonical));
  const settled = new Set<string>();
  await run.forEach(versions, async ({ canonical: version }) => {
    const action = await attempt(
      run,
      { ...names, version },
      () => mirrorVersion(run, names, version, there.has(version)),
    );
    if (action === "copied" || action === "skipped") settled.add(version);
  });
  if (run.aliases) await mirrorAliases(run, names, settled);
  return settled;
}

/** What became of it, beside how many files and bytes. */
type Outcome = Pick<MirrorItem, "action" | "files" | "bytes">;

async function mirrorVersion(
  run: ContractRun,
  names: NamePair,
  version: string,
  isListed: boolean,
): Promise<Outcome> {
  const { from, to, signal } = run;
  const ref = `${names.name}@${version}`, target = `${names.target}@${version}`;
  return await persist(run, async (first) => {
    const artifact = await orMissing(from.open(ref, { signal }));
    if (artifact === undefined) return { action: "gone" };
    const present = first && !isListed ? undefined : await orMissing(to.info(target, { signal }));
    if (present !== undefined && holdTheSame(present, artifact.info)) return { action: "skipped" };
    if (present !== undefined && !to.settings.mutable) {
      throw occupied(run, target, "the target has another value as this version");
    }
    const { files, size: bytes } = artifact.info;
    if (run.dryRun) return { action: "copied", files: files.length, bytes };
    try {
      await saveInTarget(run, names.target, artifact, present?.commit);
    } catch (error) {
      const isBuried = isRegistryError(error, "AlreadyExists") && !await to.has(target, { signal });
      throw isBuried ? occupied(run, target, "the version was deleted there") : error;
    }
    return { action: "copied", files: files.length, bytes };
  });
}

function holdTheSame(a: ArtifactInfo, b: ArtifactInfo): boolean {
  const content = (
    { digest, version, metadata, inputs }: ArtifactInfo,
  ) => [digest, version, metadata, inputs];
  return isDeepStrictEqual(content(a), content(b));
}

async function mirrorAliases(
  run: ContractRun,
  { name, target }: NamePair,
  settled: ReadonlySet<string>,
): Promise<void> {
  const { from, to, signal, dryRun } = run;
  const wanted = await persist(run, () => from.aliases(name, { signal }));
  await run.forEach(Object.entries(wanted), async ([alias, said]) => {
    const version = parseVersion(said).canonical;
    await attempt(run, { name, target, alias }, () =>
      persist(run, async () => {
        const now = new Map(Object.entries(await to.aliases(target, { signal }))).get(alias);
        const isThere = now !== undefined && parseVersion(now).canonical === version;
        if (isThere || !settled.has(version)) return { action: "skipped" };
        if (!dryRun) await to.setAlias(target, alias, version, { expected: now ?? null, signal });
        return { action: "copied" };
      }));
  });
}

/** Does it and says what became of it. What concerns one version or alias alone does not end the run. */
async function attempt(
  run: ContractRun,
  item: Omit<MirrorItem, "action">,
  action: () => Promise<Outcome>,
): Promise<MirrorItem["action"]> {
  run.signal?.throwIfAborted();
  const outcome = await action().catch((error): Outcome & { error: RegistryError } => {
    run.signal?.throwIfAborted();
    return { action: "failed", error: isRegistryError(error) ? error : unexpected(item, error) };
  });
  run.done({ ...item, ...outcome });
  return outcome.action;
}

export async function readBackByContract(
  run: ContractRun,
  { name, target }: NamePair,
  versions: ReadonlySet<string>,
): Promise<MirrorFailure[]> {
  const failures: MirrorFailure[] = [];
  await run.forEach([...versions], async (version) => {
    try {
      await readThrough(
        await run.to.open(`${target}@${version}`, { verify: "full", signal: run.signal }),
      );
    } catch (error) {
      if (!isRegistryError(error, "Corrupt", "NotFound")) throw error;
      failures.push({ name, version, error });
    }
  });
  return failures;
}

function occupied({ to }: ContractRun, target: string, state: string): RegistryError {
  return decision(
    fault({
      code: "Conflict",
      action: "mirror to",
      subject: `"${target}"`,
      state,
      hint:
        "Versions of an immutable registry are never replaced, nor used again: mirror the name under another one (rename), or leave the version out by a range.",
      backend: to.location,
    }),
  );
}

function unexpected(
  { name, version, alias }: Omit<MirrorItem, "action">,
  error: unknown,
): RegistryError {
  return fault({
    code: "TaskFailed",
    action: "mirror",
    subject: `"${name}@${version ?? alias}"`,
    state: messageOf(error),
    hint: "The cause says what one of the two registries met.",
    cause: error,
  });
}
