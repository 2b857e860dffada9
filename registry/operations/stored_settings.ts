// Reads and changes the settings of a registry, and reads its retention rules.
import { corrupt, invalid } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { authorOf } from "../../core/naming/author.ts";
import type { RegistrySettings, RetentionRule, SettingsRecord } from "../../core/record.ts";
import { type RetentionRules, ruleFor, rulesFor } from "../../core/registry/rules.ts";
import { encodeRecord } from "../format/record_codec.ts";
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { writeCell } from "../cell/cell.ts";
import { readHead, readRecord, recordOfKind } from "../cell/heads.ts";
import { startOperation } from "../cell/operation.ts";
import { settle } from "../cell/settle.ts";
import { SETTINGS } from "../format/layout.ts";
import { checkWritable, type Context, contextOf, knownContext } from "./context.ts";
import { bindingGraceMs, checkGrace, countsFrom, readGraces } from "../cell/graces.ts";

/** The current settings of a registry. */
export interface CurrentSettings extends RegistrySettings {
  /** The latest grace period, milliseconds. */
  graceMs: number;
  /** The shortest grace period that can be set, milliseconds: writers rely on it. */
  leastGraceMs: number;
  /** The grace period in force, milliseconds: longer than `graceMs` until `countsFrom`. */
  bindingGraceMs: number;
  /** Default of the option `share` of `save`. */
  share: "values" | "bytes" | "files";
  /** Time of the store when `graceMs` comes into force; absent if it is in force. */
  countsFrom?: Date;
}

/** The settings that {@linkcode changeSettings} changes: one or both. */
export interface SettingsChange extends SignalOptions {
  /** How long replaced data stays readable, milliseconds: from `leastGraceMs` up to a year. */
  graceMs?: number;
  /** Default of the option `share` of `save`. */
  share?: "values" | "bytes" | "files";
}

/** A longer grace period could be shortened only after it has passed. */
const MAX_GRACE_MS = 365 * 24 * 60 * 60 * 1000;

export async function readSettings(
  registry: Registry,
  { signal }: SignalOptions = {},
): Promise<CurrentSettings> {
  return await currentSettings(contextOf(registry, "read settings"), signal);
}

export async function changeSettings(
  registry: Registry,
  change: SettingsChange,
): Promise<CurrentSettings> {
  const { graceMs, share, signal }: SettingsChange = change ?? {};
  const context = contextOf(registry, "change settings");
  checkWritable(context, "change settings");
  checkShare(graceMs, share);
  if (graceMs !== undefined) checkGraceChange(context, graceMs);
  const action = `change settings of registry at ${context.backend.location}`;
  await writeSettings(
    context,
    action,
    ({ settings }) => {
      const now = { graceMs: settings.graceMs, share: settings.share ?? "bytes" };
      const next = { graceMs: graceMs ?? now.graceMs, share: share ?? now.share };
      if (next.graceMs === now.graceMs && next.share === now.share) return undefined;
      return share === undefined ? { graceMs: next.graceMs } : next;
    },
    signal,
  );
  return await currentSettings(context, signal);
}

/** Writes settings with some members changed; undefined leaves them as they are. */
export async function writeSettings(
  context: Context,
  action: string,
  change: (record: SettingsRecord) => Partial<SettingsRecord["settings"]> | undefined,
  signal?: AbortSignal,
): Promise<void> {
  const operation = startOperation(context, action, signal);
  let presentKey: string | undefined;
  const generation = await writeCell(context, operation, SETTINGS, {
    next(head) {
      if (head?.found === undefined) {
        throw corrupt(action, undefined, "the newest settings record is unreadable", {
          hint: "Run `verify` to find the damaged object, and restore it from a backup.",
          backend: context.backend.location,
        });
      }
      const { info } = head.found;
      const record = recordOfKind(head.found, "settings");
      presentKey = info.key;
      const changes = change(record);
      if (changes === undefined) return undefined;
      const base = operation.recordBase(head.generation + 1, head.previous);
      const changed = { settings: { ...record.settings, ...changes }, registry: context.id };
      return encodeRecord({ ...record, ...base, by: operation.by, kind: "settings", ...changed });
    },
  });
  if (generation === undefined) await settle(context, [presentKey!], signal);
}

export async function readSettingsRecord(
  context: Context,
  signal?: AbortSignal,
): Promise<SettingsRecord> {
  const head = await readHead(context, SETTINGS, signal);
  const object = head && await readRecord(context, head, signal);
  return recordOfKind(object!, "settings");
}

async function currentSettings(context: Context, signal?: AbortSignal): Promise<CurrentSettings> {
  const { settings, system, clockOffset } = context;
  const graces = await readGraces(context, signal);
  context.share = (await readSettingsRecord(context, signal)).settings.share ?? "bytes";
  const now = system.now() + (clockOffset?.ms ?? 0);
  const from = countsFrom(graces, now);
  return {
    ...settings,
    share: context.share,
    graceMs: graces[0].graceMs,
    leastGraceMs: settings.leastGraceMs,
    bindingGraceMs: bindingGraceMs(graces, now),
    ...(from === undefined ? {} : { countsFrom: new Date(from) }),
  };
}

function checkShare(graceMs?: number, share?: string): void {
  const isGiven = graceMs !== undefined || share !== undefined;
  if (isGiven && [undefined, "values", "bytes", "files"].includes(share)) return;
  const state = isGiven ? `share is ${shown(share)}` : "neither `graceMs` nor `share` is given";
  const hint = 'Pass { graceMs } in milliseconds, or { share }: "values", "bytes" or "files".';
  throw invalid("change settings", undefined, state, { hint });
}

/** Programs that have the registry open rely on the least grace period. */
export function checkGraceChange({ backend, settings }: Context, graceMs: number): void {
  checkGrace(graceMs, "change settings to");
  const least = settings.leastGraceMs;
  if (graceMs >= least && graceMs <= MAX_GRACE_MS) return;
  const isShort = graceMs < least;
  const state = isShort
    ? `the shortest grace period of this registry is ${least}`
    : `the longest grace period is a year (${MAX_GRACE_MS})`;
  throw invalid("change", `graceMs to ${graceMs}`, state, {
    ...isShort
      ? {
        hint:
          "To free space now, call collectGarbage(registry, { now: true }) while nothing else " +
          "uses the registry. For a shorter grace period, mirror the registry into a new one.",
        reason: { kind: "grace_too_short" },
      }
      : { hint: "Pass a shorter period: you can lower it only after it has elapsed." },
    backend: backend.location,
  });
}

export async function readRules(
  registry: Registry,
  { name, signal }: SignalOptions & { name?: string } = {},
): Promise<RetentionRules> {
  const context = contextOf(registry, "read rules");
  const record = await readSettingsRecord(context, signal);
  const present = rulesIn(record);
  context.rules = present.rules;
  context.rulesReadAtMs = context.system.monotonic();
  return name === undefined ? present : { ...present, rules: rulesFor(present.rules, name) };
}

export function rulesIn(record: SettingsRecord): RetentionRules {
  const { settings: { rules = [] }, generation, createdAt } = record;
  const by = authorOf(record);
  return { rules, revision: generation, changedAt: new Date(createdAt), ...(by && { by }) };
}

/** Returns a function that finds the rule of a name. It reads the rules of a store once. */
export function createRuleReader(
  registry: Registry,
  signal?: AbortSignal,
): (name: string) => Promise<RetentionRule | undefined> {
  const isStored = knownContext(registry) !== undefined;
  let stored: Promise<RetentionRules> | undefined;
  const read = async () => {
    try {
      return await readRules(registry, { signal });
    } catch (error) {
      stored = undefined;
      throw error;
    }
  };
  return async (name) => {
    const rules = isStored
      ? await (stored ??= read())
      : await registry.service?.rules?.({ name, signal });
    return ruleFor(rules?.rules ?? [], name);
  };
}
