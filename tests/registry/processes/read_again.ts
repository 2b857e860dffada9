// Reads a name in every way while another process overwrites it.
import { assert, assertEquals } from "@std/assert";
import type { Registry } from "../../../core/registry.ts";
import { numberOf } from "../programs/numbered_value.ts";
import { collect } from "../rejected.ts";

/** Reads in every way. Values must be whole, and never older than before. */
export async function readAgainAndAgain(registry: Registry, reads: number): Promise<Set<number>> {
  const seen = new Set<number>();
  let newest = -1;
  const note = (value: unknown) => {
    const number = numberOf(value);
    assert(number >= newest, `${number} was read after ${newest}`);
    seen.add(newest = number);
  };
  for (let i = 0; i < reads; i++) {
    note(await registry.load("kept"));
    note(await registry.load("kept@1"));
    note(await (await registry.open("kept@^1")).file("data.bin").bytes());
    const chunks = await Array.fromAsync((await registry.open("kept")).file("data.bin").stream());
    note(new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer()));
    assertEquals(await registry.has("kept"), true);
    assertEquals(await collect(registry.names()), ["kept"]);
    assertEquals((await collect(registry.versions("kept", { details: true }))).length, 1);
  }
  return seen;
}
