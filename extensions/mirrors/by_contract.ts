// Mirrors one name if source or target has no store here: its versions, oldest first, then its
// aliases, by the methods of every registry.
import type { Registry, SaveOptions, Version, VersionEntry } from "../../mod.ts";
import type { ArtifactFile, FileToSave, Materializer } from "../../materializers/mod.ts";
import {
  compareVersions,
  inRange,
  isRegistryError,
  messageOf,
  orMissing,
  parseVersion,
  taskFailed,
} from "../../core/kernel.ts";
import type { RegistryError } from "../../core/kernel.ts";
import { type ArtifactInput, openPages, type PagedArtifact } from "../../registry/mod.ts";
import { copiedFields, type Records } from "../../registry/records.ts";
import type { NameMirror } from "./mirror_name.ts";
import { attempt, checkProtection, holdTheSame, markOfCopy, occupied, persist } from "./run.ts";
import type { AnyRun, NamePair, Outcome } from "./run.ts";

/** Mirrors a name by the methods of every registry, which report no deletions. */
export class ContractMirror implements NameMirror {
  readonly pair: NamePair;
  readonly mirrored: Set<string> = new Set();
  readonly #run: ContractRun;
  readonly #there = new Set<string>();
  #releases: string[] = [];

  constructor(run: ContractRun, pair: NamePair) {
    this.#run = run;
    this.pair = pair;
  }

  get waiting(): number {
    return this.#releases.length;
  }

  async copyVersions(): Promise<boolean> {
    const { from, to, range } = this.#run;
    const { name, target } = this.pair;
    const all = await this.#list(from, name);
    for (const { canonical } of await this.#list(to, target)) this.#there.add(canonical);
    const isWanted = (version: Version) => range === undefined || inRange(version, range);
    const versions = all.filter(isWanted).sort(compareVersions);
    await this.#copy(versions.map(({ canonical }) => canonical));
    return this.waiting === 0;
  }

  copyReleases(): Promise<void> {
    const releases = this.#releases;
    this.#releases = [];
    return this.#copy(releases);
  }

  async moveAliases(): Promise<void> {
    if (this.#run.aliases) await mirrorAliases(this.#run, this.pair, this.mirrored);
  }

  async deleteVersions(): Promise<void> {}

  async end(): Promise<undefined> {}

  async #copy(versions: readonly string[]): Promise<void> {
    const run = this.#run;
    await run.forEach(versions, async (version) => {
      const isThere = this.#there.has(version);
      const mirror = () => mirrorVersion(run, this.pair, version, isThere);
      const outcome = await attempt(run, { ...this.pair, version }, mirror, unexpected);
      if (outcome?.action === "waiting") this.#releases.push(version);
      if (outcome?.action === "copied" || outcome?.action === "skipped") this.mirrored.add(version);
    });
  }

  async #list(registry: Registry, name: string): Promise<Version[]> {
    const { signal } = this.#run;
    const versions = () => registry.versions(name, { signal });
    const parse = ({ version }: VersionEntry) => parseVersion(version);
    return await persist(this.#run, () => Array.fromAsync(versions(), parse));
  }
}

async function mirrorVersion(
  run: ContractRun,
  names: NamePair,
  version: string,
  isListed: boolean,
): Promise<Outcome> {
  const { from, to, signal } = run;
  const ref = `${names.name}@${version}`, target = `${names.target}@${version}`;
  return await persist(run, async (first) => {
    const artifact = await orMissing(openPages(from, ref, { signal }));
    if (artifact === undefined) return { action: "gone" };
    const present = first && !isListed ? undefined : await orMissing(to.info(target, { signal }));
    if (present !== undefined && holdTheSame(present, artifact.info)) return { action: "skipped" };
    if (present !== undefined) await checkReplaceable(run, names.target, version);
    if (!await run.members.areThere(artifact.info)) return { action: "waiting" };
    const buried = () => occupied(to.location, target, "the target has deleted the version");
    if (await run.store?.ofName(names.target).isDeleted(version, signal)) throw buried();
    const { count: files, info: { size: bytes } } = artifact;
    if (run.dryRun) return { action: "copied", files, bytes };
    try {
      await saveInTarget(run, names.target, artifact, present?.commit);
    } catch (error) {
      const isTaken = isRegistryError(error, "AlreadyExists") && !await to.has(target, { signal });
      throw isTaken ? buried() : error;
    }
    return { action: "copied", files, bytes };
  });
}

async function checkReplaceable(run: ContractRun, name: string, version: string): Promise<void> {
  const { settings, location } = run.to;
  if (settings.mutable) {
    return await checkProtection(run, { action: "mirror to", name, version, location });
  }
  const state = "the target has another value for this version";
  throw occupied(location, `${name}@${version}`, state);
}

async function mirrorAliases(
  run: ContractRun,
  { name, target }: NamePair,
  mirrored: ReadonlySet<string>,
): Promise<void> {
  const { from, to, signal, dryRun } = run;
  const wanted = await persist(run, () => Array.fromAsync(from.aliases(name, { signal })));
  await run.forEach(wanted, async (entry) => {
    const { alias } = entry;
    const version = parseVersion(entry.version).canonical;
    await attempt(run, { name, target, alias }, () =>
      persist(run, async () => {
        const aliases = await Array.fromAsync(to.aliases(target, { signal }));
        const now = aliases.find((entry) => entry.alias === alias)?.version;
        const isThere = now !== undefined && parseVersion(now).canonical === version;
        if (isThere || !mirrored.has(version)) return { action: "skipped" };
        if (!dryRun) await to.setAlias(target, alias, version, { expected: now ?? null, signal });
        return { action: "copied" };
      }), unexpected);
  });
}

function unexpected(ref: string, error: unknown): RegistryError {
  return taskFailed("mirror", `"${ref}"`, messageOf(error), {
    hint: "Fix the cause, an error of the source or the target registry, and mirror again.",
    cause: error,
  });
}

interface ContractRun extends AnyRun {
  readonly from: Registry;
  readonly to: Registry;
  /** The store of the target, if it has one here: dates and origins are kept. */
  readonly store?: Records;
}

/** Saves the files of a version, over the commit `present` if the target has another value. */
async function saveInTarget(
  run: ContractRun,
  name: string,
  artifact: PagedArtifact,
  present: string | undefined,
): Promise<void> {
  const { from, to, store, signal } = run;
  const { info } = artifact;
  const { id, formatVersion } = info.materializer;
  const copied = copiedFields(info);
  const version = to.settings.versioned ? info.version : undefined;
  const ifCommit = present === undefined ? {} : { ifCommit: present };
  const options = { version, signal, ...ifCommit };
  const produce = () => filesOf(run, artifact);
  if (store !== undefined) {
    const origin = info.origin ?? { registry: from.id, commit: info.commit };
    const createdAt = info.createdAt.toISOString();
    // the methods do not report earlier values or their times
    const since = info.generation > 1 && { since: new Date(0).toISOString() };
    const members = {
      ...markOfCopy(from, info.name),
      ...copied,
      createdAt,
      by: info.by,
      origin,
      ...since,
    };
    const materializer = { id, formatVersion };
    return void await store.save({ name, materializer, members, produce }, options);
  }
  // Without `load`, the target does not remember it for its own loads.
  const as = { id, formatVersion, save: produce } as Partial<Materializer> as Materializer;
  const inputs = info.inputs.map(asRecorded); // the target would resolve them
  const onConflict = present === undefined ? "fail" : undefined; // another save may come first
  await to.save(name, undefined, { ...options, onConflict, ...copied, inputs, as });
}

async function* filesOf(run: ContractRun, artifact: PagedArtifact): AsyncGenerator<FileToSave> {
  for await (const page of artifact.pages()) {
    for (const file of page.files()) yield fileToSave(run, file);
  }
}

function asRecorded(input: ArtifactInput): NonNullable<SaveOptions["inputs"]>[number] {
  const { ref, digest } = typeof input === "string" ? { ref: input } : input;
  return { ref, digest: digest ?? null };
}

function fileToSave(run: ContractRun, file: ArtifactFile): FileToSave {
  const counting = () =>
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        run.moved(chunk.byteLength);
        controller.enqueue(chunk);
      },
    });
  const stream = () => file.stream().pipeThrough(counting());
  return { ...file.info, content: { size: file.info.size, stream } };
}
