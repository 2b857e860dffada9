import { assertEquals, assertStringIncludes } from "@std/assert";
import { holdfast, succeeds } from "../../../captured_io.ts";

const cwd = "/";

Deno.test("encode writes what configurations take for a secret, and decode reads it", async () => {
  const { code, out, err } = await holdfast("pipeline encode", { cwd, stdin: "sécret word\n" });
  assertEquals([code, out], [0, "base64://c8OpY3JldCB3b3Jk\n"]);
  assertStringIncludes(err, "This is not encryption");
  assertEquals(err.includes("history"), false);
  assertEquals(await succeeds("pipeline decode", { cwd, stdin: out }), "sécret word\n");
  assertEquals(
    await succeeds("pipeline decode --json", { cwd, stdin: out }),
    '{"decoded":"sécret word"}\n',
  );
});

Deno.test("an argument works too, with a warning that others may see it", async () => {
  const { out, err } = await holdfast("pipeline encode hello", { cwd });
  assertEquals(out, "base64://aGVsbG8=\n");
  assertStringIncludes(err, "shell's history");
  assertEquals((await holdfast("pipeline encode hello -q", { cwd })).err, "");
});

Deno.test("binary, empty or unencoded input is refused, and not shown", async () => {
  const refused = async (line: string, stdin: string | Uint8Array = "") => {
    const { code, out, err } = await holdfast(line, { cwd, stdin });
    assertEquals([code, out], [2, ""]);
    return err;
  };
  assertStringIncludes(await refused("pipeline encode"), "standard input is empty");
  assertStringIncludes(
    await refused("pipeline encode", Uint8Array.of(0xff, 0xfe)),
    "not UTF-8 text",
  );
  assertEquals((await refused("pipeline decode", "hunter2")).includes("hunter2"), false);
  await refused("pipeline decode base64://////8=");
  assertEquals((await refused("pipeline encode my hunter2")).includes("hunter2"), false);
  assertStringIncludes(await refused(["pipeline", "encode", ""].join(" ")), "empty");
});
