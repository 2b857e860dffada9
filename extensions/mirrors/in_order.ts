// The order of a mirror. Every release and alias of the target names versions that it has, also if
// the run is killed: members come before releases, these before aliases, and deletions are last, of
// releases before their members.
import type { VersionRange } from "../../registry/mod.ts";
import { forEachAtOnce, inRange, parseVersionRange } from "../../core/kernel.ts";
import type { NameMirror } from "./mirror_name.ts";
import type { AnyRun, Member, NamePair } from "./run.ts";

export type CreateMirror = (pair: NamePair, range?: VersionRange) => NameMirror;

interface Order {
  /** Returns true for a name of the run, also without a change: its members need not be copied. */
  chosen(name: string): boolean;
  create: CreateMirror;
  /** Called for each name that is done. */
  end(mirror: NameMirror): Promise<void>;
  rename?: (name: string) => string;
  concurrency: number;
}

/** Mirrors names, and the members of their releases if these are not among them. */
export async function mirrorInOrder(
  run: AnyRun,
  names: readonly NamePair[],
  { chosen, create, end, rename = (name) => name, concurrency }: Order,
): Promise<void> {
  const releasing: NameMirror[] = [], deleting: NameMirror[] = [];
  const begin = async (pair: NamePair, range?: VersionRange) => {
    const mirror = create(pair, range);
    if (!await mirror.copyVersions()) return void releasing.push(mirror);
    await mirror.moveAliases();
    await mirror.deleteVersions();
    if (mirror.waiting > 0) deleting.push(mirror);
    else await end(mirror);
  };
  await forEachAtOnce(names, (pair) => begin(pair, run.range), { concurrency });

  const isTried = ({ name, version }: Member) =>
    chosen(name) && (run.range === undefined || inRange(version, run.range));
  const copyReleases = async (isLast: boolean) => {
    run.members.isLast = isLast;
    const isFewer = await getsFewer(releasing, (mirror) => mirror.copyReleases());
    const others = run.members.take().filter((member) =>
      !isTried(member) && rename(member.name) === member.name
    );
    for (const [target, versions] of Map.groupBy(others, ({ name }) => name)) {
      const range = versions.map(({ version }) => version.canonical).join(" || ");
      await begin({ name: target, target }, parseVersionRange(range));
    }
    return isFewer || others.length > 0;
  };
  while (await copyReleases(false));
  await copyReleases(true);
  for (const mirror of releasing) await mirror.moveAliases();
  deleting.push(...releasing);
  while (await getsFewer(deleting, (mirror) => mirror.deleteVersions()));
  for (const mirror of deleting) await mirror.deleteVersions(true);
  for (const mirror of deleting) await end(mirror);
}

/** Runs a step of each mirror. Returns true if fewer versions wait afterwards. */
async function getsFewer(
  mirrors: readonly NameMirror[],
  step: (mirror: NameMirror) => Promise<unknown>,
): Promise<boolean> {
  const count = () => mirrors.reduce((sum, { waiting }) => sum + waiting, 0);
  const before = count();
  for (const mirror of mirrors) await step(mirror);
  return count() < before;
}
