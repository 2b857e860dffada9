import { assertEquals } from "@std/assert";
import { mediaHeaders } from "../../../../apps/server/files/media.ts";

function headersOf(path: string, mediaType?: string): [string, string] {
  const headers = mediaHeaders({ path, mediaType });
  assertEquals(headers["x-content-type-options"], "nosniff");
  return [headers["content-type"], headers["content-disposition"]];
}

Deno.test("files that run nothing are shown, all others are saved", () => {
  assertEquals(headersOf("a/b.png"), ["image/png", 'inline; filename="b.png"']);
  assertEquals(headersOf("value.json", "application/json"), [
    "application/json",
    'inline; filename="value.json"',
  ]);
  assertEquals(headersOf("model.bin"), [
    "application/octet-stream",
    'inline; filename="model.bin"',
  ]);
  assertEquals(headersOf("a.txt"), ["text/plain; charset=utf-8", 'inline; filename="a.txt"']);
  for (
    const type of [
      "text/html",
      "image/svg+xml",
      "application/xhtml+xml",
      "text/xml",
      "TEXT/HTML; charset=utf-16",
    ]
  ) {
    assertEquals(headersOf("page", type)[1], 'attachment; filename="page"', type);
  }
  assertEquals(
    mediaHeaders({ path: "page.html", mediaType: "text/html" }, "inline")["content-security-policy"]
      .slice(0, 7),
    "sandbox",
  );
});

Deno.test("a stored media type that is none is not sent", () => {
  for (
    const type of [
      "text",
      "text/html\r\nset-cookie: a=b",
      "a/b; c",
      "text /html",
      'multipart/x;boundary="',
    ]
  ) {
    assertEquals(headersOf("x", type)[0], "application/octet-stream", type);
  }
});

Deno.test("names of files are safe to save under", () => {
  const disposition = (path: string) => headersOf(path, "application/octet-stream")[1];
  assertEquals(
    disposition('a/b"c%.bin'),
    `inline; filename="b_c_.bin"; filename*=UTF-8''b%22c%25.bin`,
  );
  assertEquals(
    disposition("größe.bin"),
    `inline; filename="gr__e.bin"; filename*=UTF-8''gr%C3%B6%C3%9Fe.bin`,
  );
  assertEquals(disposition("..\\..\\x\r\ny"), 'inline; filename="__.._x__y"');
  assertEquals(disposition(".bashrc"), 'inline; filename="_bashrc"');
});
