import { assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { findRegistry, looksLikeLocation, toLocation } from "../../../apps/places/find_registry.ts";
import { RegistryError } from "../../../core/errors.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { captureIo } from "../captured_io.ts";

Deno.test("--registry wins over the environment, that over .env, that over the nearest folder upward", async () => {
  await using root = await tempRoot();
  const cwd = root.join("a/b");
  await Deno.mkdir(cwd, { recursive: true });
  await Deno.mkdir(root.join("a/.holdfast"));
  const io = captureIo({ cwd, env: { HOLDFAST_REGISTRY: "from/env" } });
  const bare = captureIo({ cwd });
  assertEquals(findRegistry(undefined, bare), { location: root.join("a/.holdfast"), from: root.join("a") });
  await Deno.writeTextFile(join(cwd, ".env"), "# where\nHOLDFAST_REGISTRY='from/file'\n");
  assertEquals(findRegistry(undefined, bare), { location: join(cwd, "from/file"), from: ".env" });
  assertEquals(findRegistry(undefined, io), { location: join(cwd, "from/env"), from: "HOLDFAST_REGISTRY" });
  assertEquals(findRegistry("given", io), { location: join(cwd, "given"), from: "--registry" });
});

Deno.test("the nearest folder upward wins over a farther one", async () => {
  await using root = await tempRoot();
  await Deno.mkdir(root.join("a/b/.holdfast"), { recursive: true });
  await Deno.mkdir(root.join("a/.holdfast"));
  const { location } = findRegistry(undefined, captureIo({ cwd: root.join("a/b") }));
  assertEquals(location, root.join("a/b/.holdfast"));
});

Deno.test("where no registry is, the hint says how to begin; a file named .holdfast is none", async () => {
  await using root = await tempRoot();
  await Deno.writeTextFile(root.join(".holdfast"), "");
  const error = assertThrows(() => findRegistry(undefined, captureIo({ cwd: root.path })), RegistryError);
  assertEquals(error.code, "NotFound");
  assertEquals(error.hint?.includes("holdfast init"), true);
});

Deno.test("URLs stay, paths become absolute; a URL that is wrong, and memory, are refused", () => {
  for (const url of ["file:///r", "s3://bucket/x?region=r", "gs://bucket"]) assertEquals(toLocation(url, "/w"), url);
  for (
    const url of ["s3://k:s@bucket", "s3://", "s3://bucket?key=secret", "s3://bucket?endpoint=http://k:s@h", "memory:"]
  ) {
    assertEquals(assertThrows(() => toLocation(url, "/w"), RegistryError).code, "Invalid", url);
  }
  assertEquals(toLocation("a:b", "/w"), "/w/a:b");
  assertEquals(toLocation("../r", "/w/x"), "/w/r");
});

Deno.test("only what cannot be a usual name looks like a location", () => {
  for (const text of [".", "..", "./r", "../r", "/r", "s3://b", "file:///r"]) {
    assertEquals(looksLikeLocation(text), true, text);
  }
  for (const text of ["r", "data:raw", "a/b", ".hidden", "data:", "..x"]) {
    assertEquals(looksLikeLocation(text), false, text);
  }
});
