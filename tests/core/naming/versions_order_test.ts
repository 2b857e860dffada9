import { assert, assertEquals, assertMatch } from "@std/assert";
import { compare, parse } from "@std/semver";
import fc from "fast-check";
import { MAX_SEGMENT_BYTES } from "../../../core/naming/names.ts";
import { decodeOrder, parseVersion } from "../../../core/naming/versions.ts";
import { identifiers, isAccepted, prerelease, release, version } from "./arbitrary_versions.ts";
import { casesOfRun } from "../../support/seeds.ts";

Deno.test("sorted keys of releases are in reversed semver order", () => {
  const check = fc.property(release, release, (a, b) => {
    assertEquals(order(a, b), -compare(parse(a), parse(b)));
  });
  fc.assert(check, { numRuns: casesOfRun(5_000) });
});

Deno.test("sorted keys of prereleases are in reversed semver order", () => {
  // Close relatives, so that each part decides sometimes.
  const pair = fc.tuple(fc.nat({ max: 2 }), identifiers, identifiers, fc.nat({ max: 3 })).map(
    ([major, a, b, common]) => {
      const begin = a.slice(0, common);
      return [`${major}.0.0-${a.join(".")}`, `${major}.0.0-${[...begin, ...b].join(".")}`];
    },
  );
  const any = fc.tuple(prerelease, prerelease);
  const check = fc.property(fc.oneof(pair, any), ([a, b]) => {
    fc.pre(isAccepted(a) && isAccepted(b));
    assertEquals(order(a, b), -compare(parse(a), parse(b)));
  });
  fc.assert(check, { numRuns: casesOfRun(5_000) });
});

function order(a: string, b: string): number {
  const [x, y] = [parseVersion(a).order, parseVersion(b).order];
  return x < y ? -1 : x > y ? 1 : 0;
}

Deno.test("the examples of the semver specification sort newest first", () => {
  const order = ["alpha", "alpha.1", "alpha.beta", "beta", "beta.2", "beta.11", "rc.1"];
  const keys = order.map((pre) => parseVersion(`1.0.0-${pre}`).order);
  assertEquals([...keys].sort(), [...keys].reverse());
});

Deno.test("decodeOrder() is the inverse of the encoding", () => {
  const check = fc.property(
    version,
    (text) => decodeOrder(parseVersion(text).order)?.canonical === text,
  );
  fc.assert(check, { numRuns: casesOfRun(5_000) });
});

Deno.test("decodeOrder() accepts only what the encoding writes", () => {
  const mutated = fc.tuple(version, fc.nat(), fc.constantFrom(..."0589abnpqz-_A=.")).map(
    ([text, place, char]) => {
      const order = parseVersion(text).order;
      const at = place % (order.length + 1);
      return [
        order.slice(0, at) + char + order.slice(at),
        order.slice(0, at) + char + order.slice(at + 1),
        order.slice(0, at),
      ];
    },
  );
  const check = fc.property(mutated, (segments) => {
    for (const segment of segments) {
      const decoded = decodeOrder(segment);
      assert(decoded === undefined || decoded.order === segment, segment);
    }
  });
  fc.assert(check, { numRuns: casesOfRun(5_000) });
});

Deno.test("decodeOrder() returns undefined for invalid segments", () => {
  const none = "_ z p8 p8p9 p8p9p9p9 p8p9p9z p8p9p9n p8p9p9nz p8p9p9az p8p9p9azz P8P9P9";
  const more = "p8p9p9np8 p8p9p9a0823z p8p9p9a9900zz o99p9p9 q8p9p9 1.0.0 p8p9p9a5252zz";
  for (const segment of ["", ...none.split(" "), ...more.split(" "), "p8p9p9\n"]) {
    assertEquals(decodeOrder(segment), undefined, segment);
  }
});

Deno.test("the key segment of a version is safe on every store and has a bounded length", () => {
  const check = fc.property(version, (text) => {
    const { order } = parseVersion(text);
    assertMatch(order, /^[a-p][0-9][0-9a-z]*$/);
    assert(order.length <= MAX_SEGMENT_BYTES);
  });
  fc.assert(check, { numRuns: casesOfRun(1_000) });
});

Deno.test("the largest numbers are versions, too long prereleases are not", () => {
  const text = "9007199254740991.9007199254740991.9007199254740991-9007199254740991";
  assertEquals(decodeOrder(parseVersion(text).order)?.canonical, text);
  const longest = `1.0.0-${"a".repeat(95)}`;
  assert(isAccepted(longest));
  assert(!isAccepted(`${longest}a`));
});
