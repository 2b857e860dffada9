import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import {
  type Bump,
  compareVersions,
  decodeOrder,
  FIRST_VERSION,
  inRange,
  isRange,
  isVersion,
  nextVersion,
  orderBounds,
  parseVersion,
  parseVersionRange,
} from "../../../core/naming/versions.ts";
import { build, isAccepted, version } from "./arbitrary_versions.ts";
import { thrown } from "../thrown.ts";

Deno.test("one to three numbers are one version: 2, 2.0 and 2.0.0", () => {
  for (const text of ["2", "2.0", "2.0.0"]) {
    assertEquals(parseVersion(text).canonical, "2.0.0");
    assertEquals(parseVersion(text).order, parseVersion("2.0.0").order);
  }
  assertEquals(parseVersion("2.1").canonical, "2.1.0");
  assertEquals(parseVersion("2-rc.1").canonical, "2.0.0-rc.1");
  assertEquals(parseVersion("2.1+b").full, "2.1.0+b");
});

Deno.test("build metadata is kept but does not identify a version", () => {
  const check = fc.property(version, build, (text, ids) => {
    fc.pre(ids.length > 0);
    const parsed = parseVersion(`${text}+${ids.join(".")}`);
    assertEquals(parsed.full, `${text}+${ids.join(".")}`);
    assertEquals([parsed.canonical, parsed.order], [text, parseVersion(text).order]);
  });
  fc.assert(check);
});

Deno.test("parseVersion() refuses invalid versions", () => {
  const words =
    "1_0 ٣ １ +4 -4 06 1.06 1.0.06 1.2.3.4 1. .1 1..2 1e3 0x10 v1 V1.0.0 latest ^1 1.x *";
  const past = "9007199254740992 0.9007199254740992 0.0.9007199254740992 1.0.0-9007199254740992";
  const pre = "1.0.0- 1.0.0-a..b 1.0.0-.a 1.0.0-a. 1.0.0-01 1.0.0-a.007 1.0.0-é 1.0.0-a_b";
  const build = "1.0.0-rc.99999999999999999999 1.0.0+ 1.0.0+a..b 1.0.0+é";
  const texts = [words, past, pre, build].flatMap((line) => line.split(" "));
  texts.push("", " 2 ", "2 ", "\t2", "2\n", "1.0.0-a b", "1.0.0\0", "1".repeat(400));
  const types = [undefined, null, 1, 1.5, {}, [], ["1.0.0"], Symbol("1"), Object.create(null)];
  const like = { toString: () => "1.0.0" };
  for (const text of [...texts, `1.0.0-${"a".repeat(120)}`, ...types, like]) {
    const error = thrown("Invalid", () => parseVersion(text as string));
    assert(error.hint !== undefined);
  }
});

Deno.test("isVersion() is true for every valid version", () => {
  const text = fc.oneof(version, fc.string());
  fc.assert(fc.property(text, (text) => !isAccepted(text) || isVersion(text)));
});

Deno.test("isRange() is true for ranges and false for versions and words", () => {
  fc.assert(fc.property(version, (text) => !isRange(text)));
  const ranges = ["^1", "~2.0", ">=1", "<2", "=1.0.0", "*", "1.x", "1.2.X", "1 || 2"];
  for (const text of [...ranges, "1.0.0 - 2.0.0"]) assert(isRange(text), text);
  for (const text of ["x", "X", "x.y", "xenon", "max", "1.0.0-x1", "production", "a.xy"]) {
    assert(!isRange(text), text);
  }
});

Deno.test("the next version raises the last number that is not zero, or the given one", () => {
  assertEquals(FIRST_VERSION.canonical, "1.0.0");
  const table: [highest: string, bump: Bump | undefined, next: string][] = [
    ["1.0.0", undefined, "2.0.0"],
    ["2.1.0", undefined, "2.2.0"],
    ["1.0.9", undefined, "1.0.10"],
    ["0.0.0", undefined, "1.0.0"],
    ["0.1.0", undefined, "0.2.0"],
    ["0.0.9", undefined, "0.0.10"],
    ["9.0.0", undefined, "10.0.0"],
    ["1.2.3", "major", "2.0.0"],
    ["1.2.3", "minor", "1.3.0"],
    ["1.2.3", "patch", "1.2.4"],
    ["1.0.0", "patch", "1.0.1"],
    ["2.0.0-rc.1", undefined, "2.0.0"],
    ["2.1.3-0", undefined, "2.1.3"],
    ["1.0.0+build", undefined, "2.0.0"],
  ];
  for (const [highest, bump, next] of table) {
    assertEquals(nextVersion(parseVersion(highest), bump).canonical, next, `${highest} ${bump}`);
  }
});

Deno.test("the next version is always a higher release", () => {
  const bump = fc.constantFrom(undefined, "major", "minor", "patch");
  const check = fc.property(version, bump, (text, which) => {
    const highest = parseVersion(text);
    const { major, minor, patch } = highest.semver;
    fc.pre(Math.max(major, minor, patch) < Number.MAX_SAFE_INTEGER);
    const next = nextVersion(highest, which as Bump | undefined);
    assert(compareVersions(highest, next) < 0 && !next.prerelease);
    if (!highest.prerelease) assert(next.order < highest.order);
  });
  fc.assert(check);
});

Deno.test("numbering continues behind a maximal number, and ends with Invalid", () => {
  const last = 9007199254740991;
  const table = [
    [`${last}.0.0`, `${last}.1.0`],
    [`${last}.0.${last}`, `${last}.1.0`],
    [`${last}.${last}.0`, `${last}.${last}.1`],
    [`1.${last}.0`, `1.${last}.1`],
    [`1.${last}.${last}`, "2.0.0"],
    [`1.0.${last}`, "1.1.0"],
    [`${last}.0.0-rc`, `${last}.0.0`],
  ];
  for (const [highest, next] of table) {
    assertEquals(nextVersion(parseVersion(highest)).canonical, next);
  }
  thrown("Invalid", () => nextVersion(parseVersion(`${last}.${last}.${last}`)));
  for (const bump of ["major", "minor", "patch"] as const) {
    thrown("Invalid", () => nextVersion(parseVersion(`${last}.${last}.${last}`), bump));
  }
  thrown("Invalid", () => nextVersion(parseVersion("9007199254740991"), "major"));
  thrown("Invalid", () => nextVersion(parseVersion("1.0.9007199254740991"), "patch"));
  assertEquals(nextVersion(parseVersion("1.0.9007199254740991"), "major").canonical, "2.0.0");
});

Deno.test("ranges contain the same versions as npm's", () => {
  const table: [range: string, inside: string[], outside: string[]][] = [
    ["^1.2", ["1.2.0", "1.9.9"], ["1.1.9", "2.0.0", "1.3.0-rc.1"]],
    ["~2.0.1", ["2.0.1", "2.0.9"], ["2.0.0", "2.1.0"]],
    ["^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0"]],
    [">=1 <3", ["1.0.0", "2.9.9"], ["0.9.9", "3.0.0"]],
    ["1.x", ["1.0.0", "1.7.2"], ["2.0.0"]],
    ["*", ["0.0.0", "9.9.9"], ["1.0.0-a"]],
    ["1 || 3", ["1.5.0", "3.0.0"], ["2.0.0"]],
    ["1.0.0 - 2.0.0", ["1.0.0", "2.0.0"], ["2.0.1"]],
    ["=1.0.0", ["1.0.0"], ["1.0.1"]],
    [">=1.0.0-rc.1", ["1.0.0-rc.2", "1.0.0", "2.0.0"], ["1.0.0-alpha", "1.1.0-rc.1"]],
  ];
  for (const [text, inside, outside] of table) {
    const range = parseVersionRange(text);
    for (const version of inside) {
      assert(inRange(parseVersion(version), range), `${version} in ${text}`);
    }
    for (const version of outside) {
      assert(!inRange(parseVersion(version), range), `${version} not in ${text}`);
    }
  }
});

/** Returns the versions that begin and end the bounds of a range, such as "2.0.0 1.0.0". */
function boundsOf(range: string, prereleases = false): string | undefined {
  const bounds = orderBounds(parseVersionRange(range), prereleases);
  return bounds && [bounds.from, bounds.to].map((order) => decodeOrder(order)?.canonical).join(" ");
}

Deno.test("orderBounds() are the numbers between which a range is", () => {
  const releases: [range: string, bounds: string | undefined][] = [
    ["1.2.x", "1.3.0 1.2.0"],
    ["^1", "2.0.0 1.0.0"],
    ["1 || 3.1 || 2", "3.2.0 1.0.0"],
    [">=1.5 <2 <1.7", "1.7.0 1.5.0"],
    ["<=4.5.6", "4.5.6 "],
    [">3", " 4.0.0"],
    ["*", " "],
    ["1 || *", " "],
    [">3 <2", undefined],
    ["<99999999999999999999", " "],
  ];
  for (const [range, bounds] of releases) assertEquals(boundsOf(range), bounds, range);
  assertEquals(boundsOf("^1.2.3-rc.1", true), "2.0.0 1.2.3");
  assertEquals(boundsOf("^1.2", true), undefined);
  assertEquals(boundsOf("*", true), " ");
});

Deno.test("every version in a range is within its bounds", () => {
  const number = fc.oneof(fc.nat(3), fc.constantFrom(9, 10, 11, 99, 100));
  const numbers = fc.tuple(number, number, number).map((parts) => parts.join("."));
  const identifiers = fc.constantFrom("", "", "-0", "-rc.1", "-rc.10", "-x");
  const one = fc.tuple(
    fc.constantFrom("^", "~", ">=", "<", ">", "<=", "=", ""),
    fc.oneof(fc.tuple(numbers, identifiers).map((parts) => parts.join("")), fc.constant("1.x")),
  ).map((parts) => parts.join(""));
  const ranges = fc.tuple(
    fc.oneof({ weight: 9, arbitrary: one }, { weight: 1, arbitrary: fc.constant("*") }),
    fc.constantFrom(" ", " || "),
    one,
  ).map((parts) => parts.join(""));
  const isWithin = (order: string, range: string, prerelease: boolean) => {
    const bounds = orderBounds(parseVersionRange(range), prerelease);
    return bounds !== undefined && order >= bounds.from && order <= `${bounds.to}\x7f`;
  };
  fc.assert(
    fc.property(ranges, numbers, identifiers, (range, numbers, pre) => {
      const { order, prerelease, ...version } = parseVersion(numbers + pre);
      const isIn = inRange({ ...version, order, prerelease }, parseVersionRange(range));
      assert(!isIn || isWithin(order, range, prerelease), `${numbers}${pre} in ${range}`);
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("parseVersionRange() refuses invalid and very long ranges", () => {
  const invalid = [
    ..."^ ~ = >=banana ^1_0 ^٣ ^06 <>1".split(" "),
    "1 || banana",
    "1.2.3.4 x",
    "a b",
  ];
  for (const text of invalid) thrown("Invalid", () => parseVersionRange(text));
  const blanks = `^1${" ".repeat(100_000)}x`; // splitting at "||" takes seconds
  assertMatch(thrown("Invalid", () => parseVersionRange(blanks)).message, /longer than 256/);
  assert(inRange(parseVersion("7.0.0"), parseVersionRange("1 || 2 || 3 || 4 || 5 || 6 || 7")));
});

Deno.test("parseVersion() keeps identifiers that JavaScript reads as numbers", () => {
  const odd = parseVersion("0.0.0--0e1");
  assertEquals(odd.canonical, "0.0.0--0e1");
  assertEquals(decodeOrder(odd.order)?.canonical, "0.0.0--0e1");
  assertEquals(parseVersion("1.0.0-1e3").semver.prerelease, ["1e3"]);
});
