import { realSystem } from "../../core/system.ts";

/** Holds its thread up for longer than tests wait. Deno cannot stop a loop in a worker: an endless one would keep a core. */
export function spin(): void {
  const until = realSystem.monotonic() + 10_000;
  while (realSystem.monotonic() < until);
}
