// Rules from the claims of a token to its scopes.
import type { OidcClaims, OidcClaimValue, OidcRule } from "./settings.ts";
import { matchesStars } from "../../../core/kernel.ts";

/** Returns the first rule whose claims the token has, undefined if there is none. */
export function matchingRule(
  rules: readonly OidcRule[],
  token: Readonly<Record<string, unknown>>,
): OidcRule | undefined {
  return rules.find(({ claims }) => hasClaims(token, claims));
}

function hasClaims(token: unknown, claims: OidcClaims): boolean {
  if (typeof token !== "object" || token === null || Array.isArray(token)) return false;
  return Object.entries(claims).every(([name, expected]) => {
    if (!Object.hasOwn(token, name)) return false;
    const value = (token as Record<string, unknown>)[name];
    return isNested(expected) ? hasClaims(value, expected) : hasValue(value, expected);
  });
}

function isNested(expected: OidcClaimValue | OidcClaims): expected is OidcClaims {
  return typeof expected === "object" && !Array.isArray(expected);
}

function hasValue(value: unknown, expected: OidcClaimValue): boolean {
  const texts = [value].flat().map(textOf).filter((text) => text !== undefined);
  return [expected].flat().some((pattern) =>
    texts.some((text) => matchesStars(text, String(pattern)))
  );
}

/** Returns a value as text. Numbers that JSON may have rounded are none: ids would be equal. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "boolean" || Number.isSafeInteger(value) ? String(value) : undefined;
}
