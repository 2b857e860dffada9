// Settings and rules of the mirrored registry.
import type { SettingsRecord } from "../../registry/extending.ts";
import type { Records } from "../../registry/records.ts";

/** Gives a registry the rules, the grace period and the sharing of another one. */
export async function copySettings(
  from: Records,
  to: Records,
  signal?: AbortSignal,
): Promise<void> {
  const copied = ({ graceMs, share = "bytes", rules = [] }: SettingsRecord["settings"]) => ({
    graceMs,
    share,
    rules,
  });
  const wanted = copied((await from.readSettings(signal)).settings);
  await to.writeSettings("copy settings", ({ settings }) => {
    const isSame = JSON.stringify(copied(settings)) === JSON.stringify(wanted);
    return isSame ? undefined : wanted;
  }, signal);
}

/** Counts the rules of a registry that another one does not have. */
export function missingRules(from: Records, to: Records): number {
  return from.rules.filter((rule) => !to.rules.some((other) => isSame(rule, other))).length;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
