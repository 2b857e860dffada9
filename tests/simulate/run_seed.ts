// One run: a seed, a schedule, a world, and its findings.
import "./lazy_parts.ts";
import type { Backend } from "../../core/backend.ts";
import type { System } from "../../core/system.ts";
import { checkDrafts, checkUploads } from "./checks/check_drafts.ts";
import { checkEnd } from "./checks/check_end.ts";
import { checkLineage } from "./checks/check_lineage.ts";
import { checkMirrors } from "./checks/check_mirrors.ts";
import { checkPasts } from "./checks/check_pasts.ts";
import { checkPruning } from "./checks/check_pruning.ts";
import { checkReads } from "./checks/check_reads.ts";
import { checkSavedAliases } from "./checks/check_saved_aliases.ts";
import { checkSends } from "./checks/send_watch.ts";
import { checkSources } from "./checks/check_sources.ts";
import { checkWrites } from "./checks/check_writes.ts";
import { type BrokenInvariant, evidenceOf } from "./checks/evidence.ts";
import { describeError, describeOperation } from "./operation_log.ts";
import { scheduleNamed, scheduleOf } from "./schedules/mod.ts";
import type { SimulatedSettings } from "./schedules/schedule.ts";
import type { Site } from "./stores/site.ts";
import type { Effect } from "./with_history.ts";
import { createWorld, GRACE_MS, type World } from "./world.ts";

/** Options of {@linkcode runSeed}. */
export interface SimulatedRunOptions {
  store?: (system: System) => Backend;
  schedule?: string;
  onLine?: (line: string) => void;
}

/** The result of a run. */
export interface SimulatedRun {
  seed: number;
  schedule: string;
  findings: BrokenInvariant[];
  traceHash: string;
}

/** Runs the schedule of a seed in its own world and checks the result. */
export async function runSeed(
  seed: number,
  options: SimulatedRunOptions = {},
): Promise<SimulatedRun> {
  const { onLine, schedule: only, ...worldOptions } = options;
  const schedule = only === undefined ? scheduleOf(seed) : scheduleNamed(only);
  const world = createWorld(seed, worldOptions);
  const hash = createHash();
  const begin = world.system.now();
  const note = (line: string) => {
    const timed = `${((world.system.now() - begin) / 1000).toFixed(3)} ${line}`;
    hash.add(timed);
    onLine?.(timed);
  };
  const drafts: Effect[] = [];
  world.history.listen((effect) => note(describeEffect(effect)));
  world.history.listen((effect) => effect.key.startsWith("drafts/") && drafts.push(effect));
  world.log.listen((operation) => note(describeOperation(operation)));

  let findings: BrokenInvariant[];
  try {
    findings = await world.system.run(() => play(world));
  } catch (error) {
    findings = [{
      invariant: "errors are RegistryErrors that fit",
      message: `the run ended: ${describeError(error)}`,
    }];
  }
  return { seed, schedule: schedule.name, findings, traceHash: hash.digest() };

  async function play(world: World): Promise<BrokenInvariant[]> {
    const settings = schedule.settings(world);
    schedule.prepare?.(world, settings);
    if (schedule.founded ?? true) await world.actor("opener", settings);
    await schedule.run(world, settings);
    for (const { process } of world.actors) process.kill();
    await world.system.sleep(4 * GRACE_MS); // what is still under way arrives
    const findings: BrokenInvariant[] = [];
    for (const site of world.sites) findings.push(...await judge(world, site, settings, drafts));
    return findings;
  }
}

async function judge(
  world: World,
  site: Site,
  settings: SimulatedSettings,
  drafts: readonly Effect[],
): Promise<BrokenInvariant[]> {
  const judge = (await world.actor("judge", { site: site.name }))!;
  await judge.collect({ all: true });
  const evidence = evidenceOf(world, site, settings);
  return [
    ...site.ledger.breaches.map(({ order, message }): BrokenInvariant => ({
      invariant: message.includes("payload")
        ? "a valid record has its payload"
        : "one winner per generation",
      message: `change ${order}: ${message}`,
    })),
    ...checkIdentity(world, site),
    ...checkWrites(evidence),
    ...checkSavedAliases(evidence),
    ...checkReads(evidence),
    ...checkSends(evidence),
    ...checkSources(evidence),
    ...checkDrafts(evidence, drafts.filter((effect) => effect.site === site.name)),
    ...checkUploads(evidence),
    ...checkPruning(evidence),
    ...checkMirrors(evidence),
    ...checkPasts(evidence),
    ...await checkEnd(evidence, judge.registry),
    ...await checkLineage(evidence, judge.registry),
  ];
}

function checkIdentity({ actors }: World, { name }: Site): BrokenInvariant[] {
  const ids = new Set(
    actors.filter(({ site }) => site === name).map(({ registry }) => registry.id),
  );
  if (ids.size === 1) return [];
  return [{
    invariant: "one winner per generation",
    message: `the registry was created as ${[...ids].join(" and ")}`,
  }];
}

function describeEffect({ order, actor, site, verb, mode, key, written }: Effect): string {
  return `[${order}] ${actor}${site === "main" ? "" : ` (${site})`} ${mode ?? verb} ${key}${
    written ? "" : " (no change)"
  }`;
}

/** Two FNV-1a hashes over UTF-16 units, with different bases. */
function createHash(): { add(text: string): void; digest(): string } {
  let a = 0x811c9dc5, b = 0x9747b28c;
  return {
    add(text) {
      for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        a = Math.imul(a ^ unit, 0x01000193);
        b = Math.imul(b ^ unit, 0x01000193) + i | 0;
      }
    },
    digest: () => [a, b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join(""),
  };
}
