// Words for the conditions of a rule. The page checks none: a service does.
import type { PromotionCondition } from "../../../../core/kernel.ts";

const PARTS: Readonly<
  Record<string, readonly [is: (value: unknown) => boolean, text: (value: never) => string]>
> = {
  signedBy: [
    Array.isArray,
    (keys: readonly string[]) =>
      `if signed by ${keys.length === 1 ? "a key" : `each of ${keys.length} keys`}`,
  ],
  where: [(value) => typeof value === "string", (where: string) => `if ${where}`],
  review: [
    (value) => typeof value === "string",
    (label: string) => `if another author has set the label ${label}`,
  ],
};

const NOT_HERE = "the page checks no conditions";

/** The conditions that the page has words for. */
export const CONDITIONS: Readonly<Record<string, PromotionCondition<never>>> = Object.fromEntries(
  Object.entries(PARTS).map(([name, [is, text]]) => [name, {
    problem: (value: unknown) => is(value) ? undefined : NOT_HERE,
    text,
    unmet: () => Promise.resolve(NOT_HERE),
  }]),
);
