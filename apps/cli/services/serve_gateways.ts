// The gateways of `holdfast serve`.
import type { Gateway } from "../../server/gateways/gateway.ts";
import type { Extension } from "../program/extension.ts";
import type { ServeFlags } from "./serve_options.ts";

/** Opens the gateways that the options of extensions ask for. */
export async function openGateways(
  extensions: readonly Extension[],
  flags: ServeFlags,
): Promise<Gateway[]> {
  const all: Gateway[] = [];
  for (const { serving } of extensions) {
    all.push(...await serving?.gateways?.(flags) ?? []);
  }
  return all;
}
