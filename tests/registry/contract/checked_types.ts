// Promises of the compiler: `deno check` fails here where it accepts a wrong option or type, and a program that runs
// without a check shows nothing.
import { ndarray } from "../../../materializers/mod.ts";
import { defineArtifact } from "../../../mod.ts";
import type { Registry, SaveOptions } from "../../../mod.ts";

/** Calls that nobody makes, with the errors that the compiler finds in them. */
export async function callsWithErrors(registry: Registry): Promise<unknown> {
  const note = defineArtifact("note", ndarray());
  await registry.save("a", 1, {
    // @ts-expect-error: the option is underlined, not the call
    versoin: "1",
  });
  await registry.load("a", {
    // @ts-expect-error: the same
    versoin: "1",
  });
  await registry.save(
    note,
    // @ts-expect-error: the value is underlined
    "a text",
  );
  // @ts-expect-error: a type is only claimed: load() takes none, and says what to give
  await registry.load<number>("a");
  // @ts-expect-error: what has no schema is unknown
  const claimed: number = await registry.load("a");
  const shape: readonly number[] = (await registry.load("a", { as: ndarray() })).shape;
  const options: SaveOptions = { version: "1" };
  return [shape, await registry.save("a", claimed, options)];
}
