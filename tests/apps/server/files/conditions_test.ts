import { assertEquals } from "@std/assert";
import { evaluateConditions, parseRange } from "../../../../apps/server/files/answer_file.ts";

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
    [{ "if-match": '"sha256:aa"', "if-none-match": '"sha256:aa"' }, "not modified"],
    [{ "if-unmodified-since": BEFORE }, "failed"],
    [{ "if-unmodified-since": VALIDATORS.lastModified }, "go on"],
    [{ "if-match": "*", "if-unmodified-since": BEFORE }, "go on"],
  ];
  for (const [headers, expected] of cases) {
    assertEquals(
      evaluateConditions(new Headers(headers), VALIDATORS),
      expected,
      JSON.stringify(headers),
    );
  }
});

Deno.test("one range of bytes is sent, and what is no such range is the whole", () => {
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

Deno.test("a range of something else than the client has is the whole", () => {
  const range = "bytes=0-0";
  const one = { offset: 0, length: 1 };
  const spans = (ifRange: string) =>
    parseRange(new Headers({ range, "if-range": ifRange }), 10, VALIDATORS);
  assertEquals(spans(VALIDATORS.etag), one);
  assertEquals(spans(VALIDATORS.lastModified), one);
  assertEquals(spans(`W/${VALIDATORS.etag}`), "whole");
  assertEquals(spans(AFTER), "whole");
});
