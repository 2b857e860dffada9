// The parts of `holdfast serve` that extensions add.
import type { Gateway } from "../../server/gateways/gateway.ts";
import type { CommandContext } from "../program/command.ts";
import type { Extension, ServedPart } from "../program/extension.ts";

/** Opens the gateways that the options of extensions ask for. */
export async function openGateways(
  extensions: readonly Extension[],
  flags: object,
): Promise<Gateway[]> {
  const all: Gateway[] = [];
  for (const { name, serving, adds } of extensions) {
    all.push(...await serving?.gateways?.(flags) ?? []);
    if (adds !== undefined) all.push({ name, adds });
  }
  return all;
}

/** Returns how to turn on the routes of extensions, by the first folder of their paths. */
export function absentHints(extensions: readonly Extension[]): Record<string, string> {
  const routes = extensions.flatMap(({ serving }) => Object.entries(serving?.routes ?? {}));
  return Object.fromEntries(
    routes.map(([folder, option]) => [folder, `Start the service with ${option}.`]),
  );
}

/** The parts of all extensions. Disposing it ends them. */
export type ServedParts =
  & Omit<ServedPart, "beside">
  & AsyncDisposable
  & Required<Pick<ServedPart, "gateways">>
  & {
    readonly beside: readonly NonNullable<ServedPart["beside"]>[];
  };

/** Opens the parts that the options of extensions ask for. */
export async function openParts(
  extensions: readonly Extension[],
  flags: object,
  context: CommandContext,
): Promise<ServedParts> {
  const parts: ServedPart[] = [];
  try {
    for (const { serving } of extensions) {
      for await (const part of serving?.open?.(flags, context) ?? []) parts.push(part);
    }
  } catch (error) {
    await closeAll(parts).catch(() => {});
    throw error;
  }
  return {
    gateways: parts.flatMap(({ gateways = [] }) => gateways),
    beside: parts.flatMap(({ beside = [] }) => beside),
    upload: parts.find(({ upload }) => upload)?.upload,
    events: parts.find(({ events }) => events)?.events,
    [Symbol.asyncDispose]: () => closeAll(parts),
  };
}

/** Closes parts, the last one first. Throws the first failure, after closing the others. */
async function closeAll(parts: readonly ServedPart[]): Promise<void> {
  const failures: unknown[] = [];
  for (const part of parts.toReversed()) {
    try {
      await part[Symbol.asyncDispose]?.();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
