import { assertEquals, assertRejects } from "@std/assert";
import { readableFile } from "../../core/registry/artifact_file.ts";
import { RegistryError } from "../../core/errors.ts";
import { bytesStream } from "../../core/bytes/bytes.ts";

function fileOf(bytes: Uint8Array) {
  return readableFile({
    info: { path: "a.json", size: bytes.byteLength, sha256: "" },
    stream: () => bytesStream(bytes),
    bytes: () => Promise.resolve(bytes),
  });
}

Deno.test("a file of a version reads as text and as JSON", async () => {
  const file = fileOf(new TextEncoder().encode('{"é": [1]}'));
  assertEquals(await file.text(), '{"é": [1]}');
  assertEquals(await file.json(), { "é": [1] });
  const marked = fileOf(new TextEncoder().encode("\ufeff[1]"));
  assertEquals(await marked.text(), "\ufeff[1]");
  assertEquals(await marked.json(), [1]);
});

Deno.test("content that is not text or JSON is refused without quoting it", async () => {
  const binary = fileOf(Uint8Array.of(0xff));
  const text = fileOf(new TextEncoder().encode("secret"));
  for (
    const [read, message] of [
      [binary.text, 'Cannot read "a.json" as UTF-8: it is not UTF-8'],
      [binary.json, 'Cannot read "a.json" as UTF-8: it is not UTF-8'],
      [text.json, 'Cannot read "a.json" as JSON: it is not JSON'],
    ] as const
  ) {
    const error = await assertRejects(() => read(), RegistryError);
    assertEquals([error.code, error.message, error.hint], [
      "Unsupported",
      message,
      "Read its bytes: await file.bytes().",
    ]);
  }
});
