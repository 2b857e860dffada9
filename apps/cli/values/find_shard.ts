// Which part of a work that several processes share is that of this one.
import { fault } from "../../../core/errors.ts";
import type { System } from "../../../mod.ts";
import { type FoundShard, parseShard, shardFromEnvironment } from "../../../workers/mod.ts";

/**
 * The shard that `--shard` asks for.
 *
 * @throws {RegistryError} `Invalid` for what is no shard, and for `auto` where nothing says which
 */
export function findShard(given: string, system: System): FoundShard {
  if (given !== "auto") {
    return { shard: parseShard(given), from: "--shard", array: system.env("HOLDFAST_ARRAY") };
  }
  const found = shardFromEnvironment(system);
  if (found !== undefined) return found;
  throw fault({
    code: "Invalid",
    action: "find the shard of this process",
    state: "no variable of a scheduler says it",
    hint:
      "Give it: --shard 0/8, or HOLDFAST_SHARD=0/8. The scheduler has to run this as one task of an array.",
  });
}
