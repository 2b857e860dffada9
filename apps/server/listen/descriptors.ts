// The number of connections that fits into the descriptors of this process. On Deno 2.9.6, a server
// of `node:http` never accepts again after it ran out of them.
import { readFile } from "node:fs/promises";

const LIMITS = "/proc/self/limits";
/** For the registry, its store and the runtime. */
const RESERVED = 100;

/** Returns the soft limit of open files, Infinity where it is unknown. */
export async function descriptorLimit(): Promise<number> {
  const text = await readFile(LIMITS, "utf8").catch(() => "");
  return Number(/^Max open files +(\d+)/m.exec(text)?.[1] ?? Infinity);
}

/** Returns how many connections fit if each also reads a file. */
export function connectionsWithin(descriptors: number): number {
  return Math.max(1, Math.floor((descriptors - RESERVED) / 2));
}
