// Keys as a registry makes them, at random.
import * as fc from "fast-check";
import { checkName, encodeName } from "../../../core/naming/names.ts";
import { parseVersion, type Version } from "../../../core/naming/versions.ts";
import {
  aliasCell,
  ALIVE,
  keyCell,
  orderSegment,
  payloadFolder,
  recordKey,
  SETTINGS,
  uploadKey,
  versionCell,
} from "../../../registry/format/layout.ts";

/** A commit, or the id of something else. */
export const ID = "01951e2f-6c00-7abc-8def-0123456789ab";
const MAX = Number.MAX_SAFE_INTEGER;

function isName(text: string): boolean {
  try {
    checkName(text);
    return true;
  } catch {
    return false;
  }
}

const digits = fc.oneof(
  ...Array.from({ length: 9 }, (_, i) => fc.stringMatching(new RegExp(`^[0-9]{${i + 1}}$`))),
);
const word = fc.constantFrom(
  "name-",
  "n",
  "a",
  "beef",
  "data",
  "_",
  "-",
  "=",
  "é",
  "x/y",
  "my:",
  "con",
  "com",
  "Z",
  ".",
);
const anyName = fc.array(fc.oneof(word, digits), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join("")).filter(isName);
/** Names that differ where folders may end. */
const closeName = fc.constantFrom(
  ..."n n-1 n-10 n-100 n-101 n-1000 n-1001 n-10000 n-100-b n-10a n-10:a n-100/b".split(" "),
  ..."n-0000000001 n-00 n-000 a100 x100 x1 x10 123 1234 123abc 2024-05-17 con com1".split(" "),
);
const name = fc.oneof(closeName, closeName, anyName);

/** Numbers with any count of digits. */
const number = fc.oneof(
  fc.nat(12),
  fc.nat(20_000),
  fc.constantFrom(0, 8, 9, 10, 98, 99, 100, MAX - 1, MAX),
  fc.integer({ min: 1, max: 15 }).chain((length) =>
    fc.integer({ min: 10 ** (length - 1), max: 10 ** length - 1 })
  ),
);
const identifier = fc.oneof(
  number.map(String),
  fc.constantFrom("rc", "beta", "a", "n", "z", "-", "alpha10", "0a", "n10"),
  fc.stringMatching(/^[0-9A-Za-z-]{0,4}[A-Za-z-]$/),
);
const release = fc.oneof(
  number.map((major) => `${major}.0.0`),
  number.map((patch) => `0.0.${patch}`),
  number.map((minor) => `1.${minor}.0`),
  fc.tuple(number, number, number).map((numbers) => numbers.join(".")),
);
const prerelease = fc.tuple(release, fc.array(identifier, { minLength: 1, maxLength: 3 }))
  .map(([version, identifiers]) => `${version}-${identifiers.join(".")}`);
const closeVersion = fc.constantFrom(
  ..."1.0.0 1.0.1 1.0.9 1.0.10 1.0.11 1.1.0 1.10.0 1.10.1 1.100.0 10.0.0 10.0.1 100.0.0 0.0.0 0.0.1"
    .split(" "),
  ..."1.0.0-1 1.0.0-10 1.0.0-rc 1.0.0-rc.1 1.0.0-rc.10 1.0.0-rc.10.a 1.0.1-rc.1".split(" "),
);
const version = fc.oneof({ weight: 4, arbitrary: closeVersion }, release, prerelease).map(
  parseVersion,
);
const generation = fc.oneof(
  fc.integer({ min: 1, max: 13 }),
  fc.integer({ min: 1, max: 20_000 }),
  number.map((n) => Math.min(n, MAX - 1) + 1),
);
const commit = fc.oneof(
  { weight: 6, arbitrary: fc.constant(ID) },
  { weight: 2, arbitrary: fc.constant(ID.replace("0", "1")) },
  { weight: 1, arbitrary: fc.uuid() },
);
const file = fc.oneof(
  fc.constantFrom("0", "1", "10", "100", ALIVE),
  fc.nat(12).map(String),
  fc.nat(100_000).map(String),
);

/** Any key that a registry makes of these. */
function keyOf(
  given: { names: fc.Arbitrary<string>; versions: fc.Arbitrary<Version> },
): fc.Arbitrary<string> {
  const { names, versions } = given;
  const versioned = fc.boolean();
  const cells = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(names, versions, versioned).map((parts) => versionCell(...parts)),
    },
    fc.tuple(names, name).map((parts) => aliasCell(...parts)),
    fc.tuple(names, name).map((parts) => keyCell(...parts)),
  );
  const payloads = fc.tuple(names, versions, versioned, commit).map((
    [name, version, versioned, commit],
  ) => payloadFolder(name, { order: orderSegment(version, versioned), commit }));
  return fc.oneof(
    { weight: 9, arbitrary: fc.tuple(cells, generation).map((parts) => recordKey(...parts)) },
    { weight: 5, arbitrary: fc.tuple(payloads, file).map((parts) => parts.join("")) },
    fc.oneof(
      fc.constant(recordKey(SETTINGS, 1)),
      fc.tuple(names, name).map(([name, source]) =>
        `mirrors/${ID}/${encodeName(name)}/${encodeName(source)}`
      ),
      fc.nat(12).map((page) => `mirrors/${ID}/.names/0123456789abcdef/${page}`),
      names.map((name) => `gc/${encodeName(name)}`),
      fc.nat(12).map((file) => uploadKey(ID, file)),
    ),
  );
}

/** Any key that a registry makes. */
export const anyKey: fc.Arbitrary<string> = keyOf({ names: name, versions: version });

/** Keys of a few names and versions, which lie close together. */
export const closeKeys: fc.Arbitrary<string[]> = fc.tuple(
  fc.array(name, { minLength: 1, maxLength: 3 }),
  fc.array(version, { minLength: 1, maxLength: 6 }),
).chain(([names, versions]) =>
  fc.uniqueArray(
    keyOf({ names: fc.constantFrom(...names), versions: fc.constantFrom(...versions) }),
    { minLength: 1, maxLength: 40 },
  )
);

/** A clock that goes on so much each time it is read. */
export function clockOfSteps(stepMs: number): { monotonic(): number } {
  let time = 0;
  return { monotonic: () => time += stepMs };
}
