import { assertEquals } from "@std/assert";
import { metadataOf } from "../../../operators/runner/success.ts";

Deno.test("the metadata of a step omits parameters of more than 32 KiB, in any language", () => {
  const about = (prompt: string) =>
    metadataOf(
      {
        run: "a@1",
        step: "s",
        node: "n",
        operator: "o",
        effect: "e",
        fingerprint: { code: "c", params: { prompt }, inputs: {} },
      } as unknown as Parameters<typeof metadataOf>[0],
    );
  assertEquals("params" in about("模".repeat(10_000)), true);
  assertEquals("params" in about("模".repeat(30_000)), false); // the metadata of a save has 64 KiB
});
