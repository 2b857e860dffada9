import { assertEquals } from "@std/assert";
import { decodeWritten } from "../../../core/text/written_text.ts";
import { inUtf16 } from "../../support/strings/in_utf16.ts";

Deno.test("text that people write is UTF-8, or UTF-16 with a mark", () => {
  const text = "é=\u{1f40b}\n";
  const utf8 = new TextEncoder().encode(text);
  assertEquals(decodeWritten(utf8), text);
  assertEquals(decodeWritten(Uint8Array.of(0xef, 0xbb, 0xbf, ...utf8)), text);
  assertEquals(decodeWritten(inUtf16(text)), text);
  assertEquals(decodeWritten(inUtf16(text, { littleEndian: false })), text);
  assertEquals(decodeWritten(Uint8Array.of(0xe9, 0x2a)), "\ufffd*", "Latin-1");
  assertEquals([decodeWritten(Uint8Array.of()), decodeWritten(Uint8Array.of(0x61))], ["", "a"]);
});
