// Vectors of the `@std` packages that this project relies on. The tests run on whatever the configuration
// resolves them to: on the stand-ins of dev/std here, on the real ones in `deno task test:jsr`.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { assertMatch, assertObjectMatch, assertRejects, equal } from "@std/assert";
import { basename, dirname, extname, fromFileUrl, isAbsolute, join, normalize } from "@std/path";
import { relative, resolve, toFileUrl } from "@std/path";
import { globToRegExp } from "@std/path/posix/glob-to-regexp";
import * as dotenv from "@std/dotenv";
import { compare, parse, parseRange, satisfies } from "@std/semver";

Deno.test("@std/path joins and splits paths", () => {
  assertEquals(join("a", "..", "b//c", "./d"), "b/c/d");
  assertEquals(join("", ""), ".");
  assertEquals(normalize("/a/../../b/"), "/b/");
  assertEquals(resolve("/a/b", "../c", "d"), "/a/c/d");
  assertEquals(relative("/a/b/c", "/a/d"), "../../d");
  assertEquals(relative("/a", "/a"), "");
  assertEquals([dirname("/a/b.c/"), dirname("a"), dirname("/")], ["/a", ".", "/"]);
  assertEquals([basename("/a/b.c/"), basename("b.tar.gz", ".gz"), basename("/")], [
    "b.c",
    "b.tar",
    "/",
  ]);
  assertEquals([extname("a.tar.gz"), extname(".env"), extname("a."), extname("a/b")], [
    ".gz",
    "",
    ".",
    "",
  ]);
  assertEquals([isAbsolute("/a"), isAbsolute("a"), isAbsolute("")], [true, false, false]);
  assertEquals(toFileUrl("/a b/%#?é").href, "file:///a%20b/%25%23%3F%C3%A9");
  assertEquals(fromFileUrl("file:///a%20b/%25%23é"), "/a b/%#é");
  assertThrows(() => fromFileUrl("https://a.org/b"), TypeError);
});

/** A pattern, paths that it matches, and paths that it does not. */
const PATTERNS: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["*.npy", ["a.npy", ".npy"], ["a/b.npy", "a.npyx"]],
  ["**/*.npy", ["a.npy", "a/b/c.npy"], ["a.txt"]],
  ["a/**", ["a/b", "a/b/c"], ["b/a"]],
  ["a/**/b", ["a/b", "a/x/y/b"], ["a/xb"]],
  ["?.txt", ["a.txt"], ["ab.txt", ".txt"]],
  ["[a-c]x", ["ax", "cx"], ["dx"]],
  ["[!a-c]x", ["dx"], ["ax"]],
  ["{a,b}.txt", ["a.txt", "b.txt"], ["c.txt"]],
  ["a.b+(c)$", ["a.bc$"], ["axbc$"]],
  ["\\*", ["*"], ["a"]],
  ["a b", ["a b", "a b/"], ["ab"]],
];

Deno.test("@std/path/posix/glob-to-regexp matches whole paths", () => {
  for (const [pattern, matched, others] of PATTERNS) {
    const expression = globToRegExp(pattern);
    assertEquals(matched.filter((path) => !expression.test(path)), [], pattern);
    assertEquals(others.filter((path) => expression.test(path)), [], pattern);
  }
});

/** A range, versions in it, and versions outside it. */
const RANGES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["^1.2", ["1.2.0", "1.99.0"], ["1.1.9", "2.0.0", "2.0.0-rc.1"]],
  ["^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "0.2.2"]],
  ["^0.0.3", ["0.0.3"], ["0.0.4"]],
  ["~1.2", ["1.2.9"], ["1.3.0"]],
  ["1.x", ["1.0.0", "1.9.9"], ["2.0.0"]],
  ["*", ["0.0.0", "9.9.9"], []],
  [">=1.2 <2 || 3.0.0", ["1.2.0", "1.9.0", "3.0.0"], ["2.0.0", "3.0.1"]],
  ["1.2 - 2", ["1.2.0", "2.9.9"], ["3.0.0"]],
  [">1.2", ["1.3.0"], ["1.2.0", "1.2.9"]],
  ["<=1.2", ["1.2.9"], ["1.3.0"]],
  [">=1.0.0-rc.1", ["1.0.0-rc.2", "1.0.0", "2.0.0"], ["1.0.0-beta"]],
  ["^1.0.0-rc.1", ["1.0.0-rc.2", "1.5.0"], ["1.1.0-rc.1"]],
];

Deno.test("@std/semver finds the versions of a range", () => {
  for (const [range, inside, outside] of RANGES) {
    const parsed = parseRange(range);
    assertEquals(inside.filter((version) => !satisfies(parse(version), parsed)), [], range);
    assertEquals(outside.filter((version) => satisfies(parse(version), parsed)), [], range);
  }
  for (const range of ["^", "a", "1.2.3.4", "^1.2.a"]) {
    assertThrows(() => parseRange(range), TypeError, undefined, range);
  }
});

Deno.test("@std/semver orders versions, and ignores their build", () => {
  const ordered = ["0.0.1", "1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0-a", "1.0.0-a.1", "1.0.0"];
  const shuffled = [3, 0, 6, 2, 5, 1, 4].map((i) => ordered[i]!);
  assertEquals(shuffled.sort((a, b) => compare(parse(a), parse(b))), ordered);
  assertEquals(compare(parse("1.0.0+a"), parse("1.0.0+b")), 0);
  for (const version of ["1", "1.2", "01.2.3", "1.2.3-01", "1.2.3.4", "", "a"]) {
    assertThrows(() => parse(version), TypeError, undefined, version);
  }
});

Deno.test("@std/assert compares by content, and says what differs", async () => {
  assert(equal(new Map([["a", new Set([1])]]), new Map([["a", new Set([1])]])));
  assert(!equal({ a: undefined }, { b: undefined }));
  assert(!equal(new Uint8Array([1]), new Uint8Array([2])));
  assert(equal([NaN, new Date(1)], [NaN, new Date(1)]));
  const error = assertThrows(() => assertEquals({ a: 1 }, { a: 2 }), Error);
  assertEquals(error.name, "AssertionError");
  assertMatch(error.message, /Values are not equal/);
  assertObjectMatch({ a: { b: 1, c: 2 } }, { a: { b: 1 } });
  const refused = () => Promise.reject(new RangeError("no room"));
  assertEquals((await assertRejects(refused, RangeError, "no room")).message, "no room");
});

Deno.test("@std/dotenv keeps what is in quotes, and expands what is not", () => {
  const values: [text: string, value: string][] = [
    ["A='a$b#c'", "a$b#c"],
    ["A='a\\nb'", "a\\nb"],
    ['A="a$b#c"', "a$b#c"],
    ['A="a\\nb\\$"', "a\nb\\$"],
    ["A='a\nb'", "a\nb"],
    ["A=''", ""],
    ["A= b c # d", "b c"],
    ["B=1\nA=$B", "1"],
    ["A=ab$cd", "abundefined"],
  ];
  for (const [text, value] of values) assertEquals(dotenv.parse(text).A, value, text);
  assertThrows(() => dotenv.parse("A=$A"), RangeError);
});
