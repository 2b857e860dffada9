// The settings as they are now, and changing them.
import { fault, RegistryError } from "../../core/errors.ts";
import type { RegistrySettings } from "../../core/record.ts";
import { encodeRecord } from "../format/record_codec.ts";
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { writeCell } from "../cell/cell.ts";
import { recordOfKind } from "../cell/heads.ts";
import { startOperation } from "../cell/operation.ts";
import { settle } from "../cell/settle.ts";
import { SETTINGS } from "../format/layout.ts";
import { checkWritable, type Context, contextOf } from "../operations/context.ts";
import { bindingGraceMs, checkGrace, countsFrom, readGraces } from "../cell/graces.ts";

/** The settings of a registry as they are now. */
export interface CurrentSettings extends RegistrySettings {
  /** The grace that was set last, milliseconds. */
  graceMs: number;
  /** What the grace may be lowered to, milliseconds: writers rely on it, so none is ever shorter. */
  leastGraceMs: number;
  /** The grace by which garbage is collected now, milliseconds: longer than `graceMs` until `countsFrom`. */
  bindingGraceMs: number;
  /** From when on `graceMs` counts, by the store's clock; absent where it does. */
  countsFrom?: Date;
}

/** What {@linkcode changeSettings} changes. */
export interface SettingsChange extends SignalOptions {
  /** How long replaced data is to stay readable, milliseconds: from `leastGraceMs` of the registry to a year. */
  graceMs: number;
}

/** A longer one could be taken back only after so long. */
const MAX_GRACE_MS = 365 * 24 * 60 * 60 * 1000;

export async function readSettings(
  registry: Registry,
  { signal }: SignalOptions = {},
): Promise<CurrentSettings> {
  return await currentSettings(contextOf(registry, "read the settings"), signal);
}

export async function changeSettings(
  registry: Registry,
  { graceMs, signal }: SettingsChange,
): Promise<CurrentSettings> {
  const context = contextOf(registry, "change the settings");
  checkWritable(context, "change the settings");
  checkChange(context, graceMs);
  const operation = startOperation(
    context,
    `change the settings of the registry at ${context.backend.location}`,
    signal,
  );
  let there: string | undefined;
  const generation = await writeCell(context, operation, SETTINGS, {
    next(head) {
      if (head?.found === undefined) throw unreadable(context);
      const { info, record } = head.found;
      const { settings } = recordOfKind(head.found, "settings");
      there = info.key;
      if (settings.graceMs === graceMs) return undefined;
      const base = operation.recordBase(head.generation + 1, head.previous);
      const changed = { ...settings, graceMs };
      return encodeRecord({
        ...record,
        ...base,
        kind: "settings",
        registry: context.id,
        settings: changed,
      });
    },
  });
  if (generation === undefined) await settle(context, [there!], signal);
  return await currentSettings(context, signal);
}

async function currentSettings(context: Context, signal?: AbortSignal): Promise<CurrentSettings> {
  const { settings, system, clockOffset } = context;
  const graces = await readGraces(context, signal);
  const now = system.now() + (clockOffset?.ms ?? 0);
  const from = countsFrom(graces, now);
  return {
    ...settings,
    graceMs: graces[0].graceMs,
    leastGraceMs: settings.leastGraceMs,
    bindingGraceMs: bindingGraceMs(graces, now),
    ...(from === undefined ? {} : { countsFrom: new Date(from) }),
  };
}

/** Writers that opened the registry at any time, and may never close it, end what they do by the least grace. */
function checkChange({ backend, settings }: Context, graceMs: number): void {
  checkGrace(graceMs ?? NaN, "change the settings to");
  const least = settings.leastGraceMs;
  if (graceMs >= least && graceMs <= MAX_GRACE_MS) return;
  const isShort = graceMs < least;
  throw new RegistryError({
    code: "Invalid",
    message: `Cannot change graceMs to ${graceMs}: ` +
      (isShort
        ? `the registry was created with ${least} as the least, and whoever has it open relies on that`
        : `at most a year (${MAX_GRACE_MS}) is allowed`),
    hint: isShort
      ? "To free space at once collect garbage with `now`, where nobody else uses it; for a shorter grace create another registry and mirror this one into it."
      : "It could be lowered again only after it has passed itself.",
    backend: backend.location,
  });
}

function unreadable({ backend }: Context): RegistryError {
  return fault({
    code: "Corrupt",
    action: "change the settings of the registry at",
    subject: backend.location,
    state: "their newest record cannot be read",
    hint: "Restore the object from a copy; verify names it.",
    backend: backend.location,
  });
}
