import { assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import { createMaterializers, text } from "../../materializers/mod.ts";
import { fails, fakeArtifact, roundTrip, savedBy } from "./fake_artifact.ts";
import { CODE_POINT } from "../support/strings/code_point.ts";
import { casesOfRun } from "../support/seeds.ts";

Deno.test("any string comes back exactly, by whatever takes it", async () => {
  const set = createMaterializers();
  const strings = fc.oneof(
    fc.string({ unit: CODE_POINT }),
    fc.string(),
    fc.constantFrom("\ufeffbom", "", "\0", "\r\n"),
  );
  await fc.assert(
    fc.asyncProperty(strings, async (value) => {
      assertEquals(await roundTrip(set.forValue(value), value), value);
    }),
    { numRuns: casesOfRun(500) },
  );
  assertEquals(await roundTrip(text(), "\ufeffbom"), "\ufeffbom");
});

Deno.test("a string is saved as its UTF-8 form", async () => {
  const artifact = await savedBy(text(), "é\n");
  assertEquals(artifact.files().map(({ info }) => info.path), ["text.txt"]);
  assertEquals(await artifact.file("text.txt").bytes(), Uint8Array.of(0xc3, 0xa9, 0x0a));
});

Deno.test("a lone surrogate is left to JSON, and refused when text is asked for", async () => {
  assertFalse(text().accepts!("\ud800"));
  assertEquals(createMaterializers().forValue("\ud800").id, "json");
  await fails("Unsupported", () => text().save("a\udc00", {}));
});

Deno.test("a file that is not UTF-8 does not load as text", async () => {
  const artifact = fakeArtifact([{ path: "x.bin", content: Uint8Array.of(0xff) }]);
  await fails("Unsupported", () => text().load(artifact, {}));
  await fails("Unsupported", () => text().load(fakeArtifact([]), {}));
});
