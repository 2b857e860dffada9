import { assertEquals } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { plainBytes } from "../../../core/bytes/bytes.ts";
import { type EntryToSave, npz, tar, zip } from "../../../formats/archive.ts";
import { contentBytes } from "../format_files.ts";
import { assertRefused, bytesOf, fromBase64, packed } from "./archive_files.ts";

const ENTRIES: EntryToSave[] = [
  { path: "a.txt", content: bytesOf("first") },
  { path: "plate/run", content: bytesOf("x"), mode: "executable" },
  { path: "plate/newest", content: bytesOf("../a.txt"), mode: "link" },
  { path: "ü", mode: "folder" },
];

// Python's zipfile, tarfile and NumPy, GNU tar and Info-ZIP have read these as what they are meant to be.
const ZIP = fromBase64(`
  UEsDBBQAAAgAAAAAIQBX7nGSBQAAAAUAAAAFAAAAYS50eHRmaXJzdFBLAwQUAAAIAAAAACEAgxbcjAEAAAABAAAACQAAAHBsYXRlL3J1bnhQSw
  MEFAAACAAAAAAhAIhab+cIAAAACAAAAAwAAABwbGF0ZS9uZXdlc3QuLi9hLnR4dFBLAwQUAAAIAAAAACEAAAAAAAAAAAAAAAAAAwAAAMO8L1BL
  AQIUAxQAAAgAAAAAIQBX7nGSBQAAAAUAAAAFAAAAAAAAAAAAAACkgQAAAABhLnR4dFBLAQIUAxQAAAgAAAAAIQCDFtyMAQAAAAEAAAAJAAAAAA
  AAAAAAAADtgSgAAABwbGF0ZS9ydW5QSwECFAMUAAAIAAAAACEAiFpv5wgAAAAIAAAADAAAAAAAAAAAAAAA/6FQAAAAcGxhdGUvbmV3ZXN0UEsB
  AhQDFAAACAAAAAAhAAAAAAAAAAAAAAAAAAMAAAAAAAAAAAAQAO1BggAAAMO8L1BLBQYAAAAABAAEANUAAACjAAAAAAA=`);
const ZIP_OF_A_STREAM = fromBase64(`
  UEsDBC0ACAgAAAAAIQAAAAAA//////////8BABQAYQEAEAAAAAAAAAAAAAAAAAAAAAAAaGVsbG9QSwcIhqYQNgUAAAAAAAAABQAAAAAAAABQSw
  ECLQMtAAgIAAAAACEAhqYQNgUAAAAFAAAAAQAAAAAAAAAAAAAApIEAAAAAYVBLBQYAAAAAAQABAC8AAABQAAAAAAA=`);
const TAR = fromBase64(`
  H4sIAAAAAAACA+2WMQ7DIAxFPfcUXKCAU4inHoaBqpWqCCVE5XDderGSTBWVspEM+C22WBisZ38nY4pQF53pjVlrpqwZ+9Mv7z11CELDDsxTdG
  P+Etrk9hinCEyrhKeLXo3zUNl/snbDfyz8J0sX9n8PEivA/qvBv3y9M7D6T7Thf9EjmsX/TkrlaueTxv0PLp2Di/dD8x+av/2PFsQuu6nx+WMn
  lvFfP2914m3I/h+T/8qeDGoQlv1nGIapxhcu0WqfABQAAA==`);
const NPZ = fromBase64(`
  UEsDBBQAAAgAAAAAIQCOjT2dhAAAAIQAAAAFAAAAYS5ucHmTTlVNUFkBAHYAeydkZXNjcic6ICc8dTInLCAnZm9ydHJhbl9vcmRlcic6IEZhbH
  NlLCAnc2hhcGUnOiAoMiwpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgCgEA
  AgBQSwECFAMUAAAIAAAAACEAjo09nYQAAACEAAAABQAAAAAAAAAAAAAApIEAAAAAYS5ucHlQSwUGAAAAAAEAAQAzAAAApwAAAAAA`);

Deno.test("written bytes are those that other programs have read", async () => {
  assertEquals(await packed(zip({ compress: false }), ENTRIES), ZIP);
  const stream = new Blob(["hello"]).stream();
  assertEquals(
    await packed(zip({ compress: false }), [{ path: "a", content: stream }]),
    ZIP_OF_A_STREAM,
  );
  assertEquals(await packed(tar(), ENTRIES), plainBytes(gunzipSync(TAR)));
  const a = { data: Uint16Array.of(1, 2), shape: [2], dtype: "uint16" } as const;
  assertEquals(await contentBytes(await npz().encode({ a })), NPZ);
});

Deno.test("an invalid entry is refused, in a list and one by one", async () => {
  const wrong: unknown[] = [null, "a", undefined, {}, { path: "a", content: { size: 1 } }, {
    path: "a",
    content: { stream: 1 },
  }];
  for (const format of [zip(), tar()]) {
    for (const entry of wrong) {
      assertEquals(format.accepts([entry]), false);
      await assertRefused(format, [entry], /entry|path|content/);
      await assertRefused(format, new Set([entry]), /entry|path|content/);
    }
  }
});
