// Settings and rules of the mirrored registry.
import type { SettingsRecord } from "../../core/record.ts";
import { checkGraceChange, readSettingsRecord, writeSettings } from "../../registry/records.ts";
import type { Context } from "../../registry/records.ts";

/** Gives a registry the rules, the grace period and the sharing of another one. */
export async function copySettings(
  from: Context,
  to: Context,
  signal?: AbortSignal,
): Promise<void> {
  const copied = ({ graceMs, share = "bytes", rules = [] }: SettingsRecord["settings"]) => ({
    graceMs,
    share,
    rules,
  });
  const wanted = copied((await readSettingsRecord(from, signal)).settings);
  checkGraceChange(to, wanted.graceMs);
  await writeSettings(to, "copy settings", ({ settings }) => {
    const isSame = JSON.stringify(copied(settings)) === JSON.stringify(wanted);
    return isSame ? undefined : wanted;
  }, signal);
  from.rules = to.rules = wanted.rules;
}

/** Counts the rules of a registry that another one does not have. */
export function missingRules(from: Context, to: Context): number {
  return from.rules.filter((rule) => !to.rules.some((other) => isSame(rule, other))).length;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
