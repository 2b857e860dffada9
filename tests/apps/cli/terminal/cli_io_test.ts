import { assertEquals, assertRejects } from "@std/assert";
import { closeSync, openSync, readFileSync } from "node:fs";
import { Writable } from "node:stream";
import { realSystem } from "../../../../core/system.ts";
import { createOutput, ReaderGone } from "../../../../apps/cli/terminal/cli_io.ts";
import { testInRoot } from "../../../support/temp_root.ts";

/** A stream of a process that keeps what each write has. A code makes all writes fail. */
function recorder(code?: string) {
  const writes: string[] = [];
  const stream = new Writable();
  stream.write = (data: unknown, done: unknown) => {
    writes.push(typeof data === "string" ? data : new TextDecoder().decode(data as Uint8Array));
    const error = code === undefined ? null : Object.assign(new Error(code), { code });
    queueMicrotask(() => (done as (error: Error | null) => void)(error));
    return true;
  };
  return { writes, stream };
}

Deno.test("many lines of one turn are one write", async () => {
  const { writes, stream } = recorder();
  const output = createOutput(stream);
  const lines = Array.from({ length: 1_000 }, (_, i) => `line ${i}\n`);
  await Promise.all(lines.map((line) => output.write(line)));
  await output.write("more\n");
  assertEquals(writes, [lines.join(""), "more\n"]);
});

Deno.test("text and bytes keep their order", async () => {
  const { writes, stream } = recorder();
  const output = createOutput(stream);
  const bytes = (text: string) => new TextEncoder().encode(text);
  for (const data of ["a", "b", bytes("c"), "d", bytes("e"), bytes("f"), "g"]) {
    void output.write(data);
  }
  await output.write("h");
  assertEquals(writes.join(""), "abcdefgh");
});

Deno.test("a failed write that nobody awaits ends no program, and later ones report theirs", async () => {
  const output = createOutput(recorder("EPIPE").stream);
  void output.write("a");
  await realSystem.sleep(0); // an unhandled rejection fails this test
  await assertRejects(() => output.write("b"), ReaderGone);
  const optional = createOutput(recorder("EPIPE").stream, { isOptional: true });
  await optional.write("a");
});

testInRoot(
  "an output goes on after a write that threw, as to a file on a full disk",
  async (root) => {
    const fd = openSync(root.join("log"), "w");
    const stream = Object.assign(new Writable(), { fd });
    stream.write = () => {
      stream.write = () => true; // on Deno, this stream never begins another write
      throw Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
    };
    const output = createOutput(stream);
    await assertRejects(() => output.write("lost"), Error, "No space");
    await output.write("text ");
    await output.write(new TextEncoder().encode("bytes"));
    closeSync(fd);
    assertEquals(readFileSync(root.join("log"), "utf8"), "text bytes");
  },
);
