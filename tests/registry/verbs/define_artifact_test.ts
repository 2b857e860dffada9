import { assertEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import { json, text } from "../../../materializers/mod.ts";
import { defineArtifact } from "../../../mod.ts";
import { rejected } from "../rejected.ts";
import { testInMemory, testOnEach } from "../registries.ts";

const note = defineArtifact("my:note", text());

testOnEach(
  "a defined artifact is saved and loaded by its materializer, and as its type",
  async ({ registry }) => {
    const saved = await registry.save(note, "one", { metadata: { x: 1 } });
    assertEquals([saved.name, saved.version], ["my:note", "1.0.0"]);
    await registry.save(note, "two");
    const latest: string = await registry.load(note);
    const first: string = await registry.load(note, { version: "^1" });
    assertEquals([latest, first], ["two", "one"]);
    assertEquals((await registry.info("my:note")).materializer.id, "text");
  },
);

testInMemory(
  "a defined artifact says when it was saved by another materializer",
  async ({ registry }) => {
    await registry.save("my:note", { not: "a text" });
    await rejected("Invalid", registry.load(note));
    assertEquals(
      await registry.load(note, { as: json() as unknown as ReturnType<typeof text> }),
      { not: "a text" } as unknown as string,
    );
  },
);

testInMemory(
  "a defined artifact is typed: a value of another type does not compile",
  async ({ registry }) => {
    // @ts-expect-error: the artifact holds texts
    await registry.save(note, 7).catch(() => {});
    // @ts-expect-error: and gives them
    const value: number | undefined = await registry.load(note).catch(() => undefined);
    assertEquals(value === undefined || typeof value === "string", true);
  },
);

Deno.test("defineArtifact() refuses what is not a name", () => {
  for (const name of ["", "a@1", " a", "a\0"]) {
    const error = assertThrows(() => defineArtifact(name, text()), RegistryError);
    assertEquals(error.code, "Invalid");
  }
});
