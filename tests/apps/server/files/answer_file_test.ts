import { assertEquals } from "@std/assert";
import { evaluateConditions, parseRange } from "../../../../apps/server/files/answer_file.ts";
import { mediaHeaders } from "../../../../apps/server/files/media.ts";

const VALIDATORS = { etag: '"sha256:aa"', lastModified: "Thu, 01 Jan 2026 00:00:00 GMT" };
const BEFORE = "Wed, 31 Dec 2025 23:59:59 GMT";
const AFTER = "Thu, 01 Jan 2026 00:00:01 GMT";

Deno.test("conditions are evaluated in the order of RFC 9110", () => {
  const cases: [Record<string, string>, string][] = [
    [{}, "go on"],
    [{ "if-none-match": '"sha256:aa"' }, "not modified"],
    [{ "if-none-match": 'W/"sha256:aa"' }, "not modified"],
    [{ "if-none-match": '"x", "sha256:aa"' }, "not modified"],
    [{ "if-none-match": "*" }, "not modified"],
    [{ "if-none-match": '"x"' }, "go on"],
    [{ "if-none-match": "no tag" }, "go on"],
    [{ "if-none-match": '"x"', "if-modified-since": AFTER }, "go on"],
    [{ "if-modified-since": VALIDATORS.lastModified }, "not modified"],
    [{ "if-modified-since": AFTER }, "not modified"],
    [{ "if-modified-since": BEFORE }, "go on"],
    [{ "if-modified-since": "yesterday" }, "go on"],
    [{ "if-match": '"sha256:aa"' }, "go on"],
    [{ "if-match": "*" }, "go on"],
    [{ "if-match": 'W/"sha256:aa"' }, "failed"],
    [{ "if-match": '"x"' }, "failed"],
    [{ "if-match": "sha256:aa" }, "go on"],
    [{ "if-match": "sha256:ab" }, "failed"],
    [{ "if-none-match": "sha256:aa" }, "not modified"],
    [{ "if-match": '"sha256:aa"', "if-none-match": '"sha256:aa"' }, "not modified"],
    [{ "if-unmodified-since": BEFORE }, "failed"],
    [{ "if-unmodified-since": VALIDATORS.lastModified }, "go on"],
    [{ "if-match": "*", "if-unmodified-since": BEFORE }, "go on"],
  ];
  for (const [headers, expected] of cases) {
    const found = evaluateConditions(new Headers(headers), VALIDATORS);
    assertEquals(found, expected, JSON.stringify(headers));
  }
});

Deno.test("a single range is a part, other ranges the whole file", () => {
  const cases: [string, ReturnType<typeof parseRange>][] = [
    ["bytes=0-3", { offset: 0, length: 4 }],
    ["bytes=2-", { offset: 2, length: 8 }],
    ["bytes=2-99", { offset: 2, length: 8 }],
    ["bytes=-3", { offset: 7, length: 3 }],
    ["bytes=-99", { offset: 0, length: 10 }],
    ["BYTES=9-9", { offset: 9, length: 1 }],
    ["bytes=10-", "unsatisfiable"],
    ["bytes=10-20", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=99999999999999999999-", "unsatisfiable"],
    ["bytes=3-2", "whole"],
    ["bytes=-", "whole"],
    ["bytes=a-b", "whole"],
    ["bytes=0-1,4-5", "whole"],
    ["lines=0-1", "whole"],
    ["bytes 0-1", "whole"],
    ["", "whole"],
  ];
  for (const [range, expected] of cases) {
    assertEquals(parseRange(new Headers({ range }), 10, VALIDATORS), expected, range);
  }
  assertEquals(parseRange(new Headers(), 10, VALIDATORS), "whole");
  assertEquals(parseRange(new Headers({ range: "bytes=0-0" }), 0, VALIDATORS), "unsatisfiable");
  assertEquals(parseRange(new Headers({ range: "bytes=-5" }), 0, VALIDATORS), "whole");
});

Deno.test("a range with another If-Range is the whole file", () => {
  const range = "bytes=0-0";
  const one = { offset: 0, length: 1 };
  const rangeOf = (ifRange: string) =>
    parseRange(new Headers({ range, "if-range": ifRange }), 10, VALIDATORS);
  assertEquals(rangeOf(VALIDATORS.etag), one);
  assertEquals(rangeOf(VALIDATORS.lastModified), one);
  assertEquals(rangeOf(`W/${VALIDATORS.etag}`), "whole");
  assertEquals(rangeOf(AFTER), "whole");
});

function headersOf(path: string, mediaType?: string): [string, string] {
  const headers = mediaHeaders({ path, mediaType });
  assertEquals(headers["x-content-type-options"], "nosniff");
  return [headers["content-type"], headers["content-disposition"]];
}

Deno.test("browsers show harmless files and save all others", () => {
  assertEquals(headersOf("a/b.png"), ["image/png", 'inline; filename="b.png"']);
  assertEquals(headersOf("value", "application/json"), [
    "application/json",
    'inline; filename="value"',
  ]);
  assertEquals(headersOf("a.bin"), ["application/octet-stream", 'inline; filename="a.bin"']);
  assertEquals(headersOf("a.txt"), ["text/plain; charset=utf-8", 'inline; filename="a.txt"']);
  const xml = ["image/svg+xml", "application/xhtml+xml", "text/xml"];
  for (const type of ["text/html", "TEXT/HTML; charset=utf-16", ...xml]) {
    assertEquals(headersOf("page", type)[1], 'attachment; filename="page"', type);
  }
  const inline = mediaHeaders({ path: "page.html", mediaType: "text/html" }, "inline");
  assertEquals(inline["content-security-policy"].slice(0, 7), "sandbox");
});

Deno.test("pages of the service cannot execute saved scripts", () => {
  const types = ["text/javascript", "application/ECMAScript; charset=utf-8", "text/jscript"];
  for (const type of [...types, "application/x-javascript", "text/javascript1.5"]) {
    assertEquals(headersOf("a/b.mjs", type), [
      "text/plain; charset=utf-8",
      'attachment; filename="b.mjs"',
    ]);
    const inline = mediaHeaders({ path: "b.mjs", mediaType: type }, "inline");
    assertEquals(inline["content-type"], "text/plain; charset=utf-8");
  }
});

Deno.test("invalid media types are not sent", () => {
  const types = ["text", "text/html\r\nset-cookie: a=b", "a/b; c", "text /html"];
  for (const type of [...types, 'multipart/x;boundary="']) {
    assertEquals(headersOf("x", type)[0], "application/octet-stream", type);
  }
});

Deno.test("file names are safe to save", () => {
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
