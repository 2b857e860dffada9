import { assertEquals, assertStringIncludes } from "@std/assert";
import { filledTest } from "../../../captured_io.ts";

filledTest("ls filters, sorts and limits", async (it) => {
  await it.succeeds("save big - --as text -m epochs:=12 -m run.by=bo", { stdin: "x".repeat(5000) });
  const ls = async (...words: string[]) =>
    (await it.succeeds(["ls", "-q", ...words])).split("\n").slice(0, -1).join(" ");
  assertEquals(await ls("--where", "metadata.epochs > 2"), "big config");
  assertEquals(await ls("--where", "metadata.epochs>3"), "big");
  assertEquals(await ls("--where", "metadata.epochs >= 3 and metadata.by = 'ann'"), "config");
  assertEquals(await ls("--where", "size > 1KiB"), "big");
  assertEquals(await ls("--where", "kind = folder"), "data:raw");
  assertEquals(await ls("--where", "kind != folder", "--where", "size<100"), "config note");
  assertEquals(await ls("--alias", "production"), "config");
  assertEquals(await ls("--sort", "size", "--limit", "2"), "big config");
  assertEquals(await ls("--sort", "versions", "--limit", "1"), "config");
  assertEquals(await ls("--since", "1h", "--limit", "1"), "big");
  const future = await it.holdfast(["ls", "--since", "2999-01-01"]);
  assertEquals([future.code, future.out], [0, ""]);
  assertStringIncludes(future.err, "No matches");
  await it.tells(["ls", "--sort", "saved", "--json"], `{"name":"big","latest":"1.0.0"`);
});

filledTest("ls --where refuses invalid conditions", async (it) => {
  for (
    const odd of [
      "epochs > 3",
      "metadata.epochs",
      "metadata. > 3",
      "Deno.exit(9)",
      "size > many",
      "metadata.a >",
      "size >> 3",
      "name =! x",
      "metadata.a > 3 or > 3",
      "(metadata.a > 3",
      "name ~ '(a'",
      `metadata.a = ${" ".repeat(100_000)}`,
    ]
  ) {
    await it.fails(["ls", "--where", odd], 2, "Cannot parse");
  }
});
