// The form of versions that are saved views.
import { assertEquals } from "@std/assert";
import {
  canHaveViews,
  contentOf,
  contentProblem,
  hrefOfView,
  type ListedView,
  titleProblem,
  viewsOf,
} from "../../../src/extensions/saved_views/view_record.ts";
import { isViewsName } from "../../../src/extensions/saved_views/views_name.ts";
import { parsePlace } from "../../../src/framework/router.ts";

const PAGE = "artifacts";

function listed(metadata: unknown, version = "1.0.0"): ListedView {
  return { version, modifiedAt: "2026-01-01", info: { metadata: metadata as { title: string } } };
}

function hrefsOf(...all: unknown[]): string[] {
  return viewsOf("net", all.map((each) => listed(each))).views.map(({ href }) => href);
}

Deno.test("a view leads to the address of its name, or of its compared versions", () => {
  const query = { filter: "loss<1 adam", columns: "version metadata.loss" };
  const [one, two] = hrefsOf(
    { title: "Best", page: PAGE, query },
    { title: "Two", page: "compare", query: { refs: "net@1 net@2", rows: "loss" } },
  );
  assertEquals(parsePlace(one!), { path: [PAGE, "net"], query });
  assertEquals(parsePlace(two!).path, ["compare"]);
  assertEquals(contentOf(parsePlace(one!)), { page: PAGE, query });
});

Deno.test("an address is saved without its place in the page, and other pages are not", () => {
  const at = (fragment: string) => contentOf(parsePlace(fragment));
  assertEquals(at("#/artifacts/net?filter=a&tab=versions&deleted=1&path=x"), {
    page: PAGE,
    query: { filter: "a" },
  });
  assertEquals([at("#/storage"), at("#/"), at("#/runs?filter=a")], [
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals(contentProblem("net", { page: PAGE, query: {} })?.startsWith("Nothing"), true);
  const compared = (refs: string) => contentProblem("net", { page: "compare", query: { refs } });
  assertEquals([compared("net@1 net@2"), compared("net@1 other@2")], [
    undefined,
    "Versions of several names are compared: their address is the view.",
  ]);
  assertEquals([titleProblem(""), titleProblem("x".repeat(80)), titleProblem("x".repeat(81))], [
    "Type a title.",
    undefined,
    "The title has more than 80 characters.",
  ]);
});

Deno.test("keys that no page reads, as programs add them to links, are not saved", () => {
  const place = parsePlace("#/artifacts/net?filter=a&utm_source=x&fbclid2=y&__proto__=z");
  const content = contentOf(place)!;
  assertEquals(content, { page: PAGE, query: { filter: "a" } });
  assertEquals(contentProblem("net", content), undefined);
});

Deno.test("names that are too long for a name of views have none", () => {
  const lengths = [192, 193, 200].map((length) => canHaveViews("x".repeat(length)));
  assertEquals(lengths, [true, false, false]);
  assertEquals([canHaveViews("net"), canHaveViews("net~views")], [true, false]);
});

Deno.test("versions of another form are no views", () => {
  const query = { filter: "a" };
  const wrong: unknown[] = [
    undefined,
    null,
    [],
    "text",
    {},
    { title: "a" },
    { title: "a", page: PAGE },
    { title: 7, page: PAGE, query },
    { title: "  ", page: PAGE, query },
    { title: "x".repeat(81), page: PAGE, query },
    { title: "a", page: "javascript:alert(1)", query },
    { title: "a", page: "https://example.com/", query },
    { title: "a", page: "constructor", query },
    { title: "a", page: PAGE, query: "filter=a" },
    { title: "a", page: PAGE, query: ["a"] },
    { title: "a", page: PAGE, query: null },
    { title: "a", page: PAGE, query: {} },
    { title: "a", page: PAGE, query: { filter: 1 } },
    { title: "a", page: PAGE, query: { filter: { a: 1 } } },
    { title: "a", page: PAGE, query: { "x//evil.example": "1" } },
    { title: "a", page: PAGE, query: JSON.parse('{"__proto__": "x"}') },
    { title: "a", page: PAGE, query: { filter: "x".repeat(8_001) } },
    { title: "a", page: PAGE, query: Object.fromEntries(words(41).map((word) => [word, "1"])) },
    { title: "a", page: "compare", query: { refs: "net@1 secret@1" } },
    { title: "a", href: "javascript:alert(1)" },
  ];
  const { views, others } = viewsOf("net", wrong.map((each) => listed(each)));
  assertEquals([views, others], [[], wrong.length]);
});

Deno.test("whatever a query has, its address stays in the page of its name", () => {
  for (
    const filter of ["javascript:alert(1)", "//evil.example", "#/upload", "a&b=c", "</script>"]
  ) {
    const [href] = hrefsOf({ title: "a", page: PAGE, query: { filter } });
    assertEquals(parsePlace(href!), { path: [PAGE, "net"], query: { filter } });
    assertEquals(new URL(href!, "http://localhost/explore/").origin, "http://localhost");
  }
  assertEquals(hrefOfView("../a", { page: PAGE, query: {} }), "#/artifacts/..%2Fa");
});

Deno.test("the newest version of a title is its view, and earlier ones are its history", () => {
  const view = (title: string, version: string) =>
    listed({ title, page: PAGE, query: { filter: version } }, version);
  const { views, others } = viewsOf("net", [
    view("Best", "4.0.0"),
    listed({}, "3.0.0"),
    view("Other", "2.0.0"),
    view(" Best ", "1.0.0"),
  ]);
  const shown = views.map(({ title, version, earlier }) => [title, version, earlier]);
  assertEquals([shown, others], [[["Best", "4.0.0", 1], ["Other", "2.0.0", 0]], 1]);
});

Deno.test("names of views are folded if their name is there", () => {
  const names = new Set(["net", "net~views", "page~views"]);
  assertEquals([...names].filter((name) => isViewsName(name, names)), ["net~views"]);
});

/** Returns different words: `a` to `z`, `aa` to `zz`, … */
function words(count: number): string[] {
  const letters = "abcdefghijklmnopqrstuvwxyz";
  return Array.from({ length: count }, (_, i) => letters[i % 26]!.repeat(1 + Math.trunc(i / 26)));
}
