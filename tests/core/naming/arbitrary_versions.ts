// Arbitrary versions for property tests.
import fc from "fast-check";
import { parseVersion } from "../../../core/naming/versions.ts";

const number = fc.oneof(
  fc.nat({ max: 12 }),
  fc.maxSafeNat(),
  fc.constantFrom(0, 9, 10, 99, 100, 999_999_999_999_999, 1e15, 2 ** 53 - 1),
);
const word = fc.string({ unit: fc.constantFrom(..."-09AZaz"), minLength: 1, maxLength: 5 }).filter((
  id,
) => !/^\d+$/.test(id));
export const identifiers: fc.Arbitrary<string[]> = fc.array(fc.oneof(number.map(String), word), {
  minLength: 1,
  maxLength: 4,
});
export const build: fc.Arbitrary<string[]> = fc.array(
  fc.string({ unit: fc.constantFrom(..."-0aZ"), minLength: 1, maxLength: 3 }),
  { maxLength: 2 },
);
export const release: fc.Arbitrary<string> = fc.tuple(number, number, number).map((numbers) =>
  numbers.join(".")
);
/** Prereleases, some of them too long to be accepted. */
export const prerelease: fc.Arbitrary<string> = fc.tuple(release, identifiers).map((
  [numbers, ids],
) => `${numbers}-${ids.join(".")}`);
export const version: fc.Arbitrary<string> = fc.oneof(release, prerelease).filter((text) =>
  isAccepted(text)
);

/** True for a version. */
export function isAccepted(text: string): boolean {
  try {
    parseVersion(text);
    return true;
  } catch {
    return false;
  }
}
