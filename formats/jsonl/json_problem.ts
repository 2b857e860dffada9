// What is read of JSON silently and loses: names that are there twice, digits of numbers.
import { shown } from "../../core/naming/names.ts";
import { exactNumber } from "../../core/text/exact_number.ts";
import { endOfString } from "../../core/text/json_text.ts";
import { MAX_DEPTH } from "../../core/text/plain_value.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";

export interface JsonProblem {
  state: string;
  isInexact: boolean;
}

const QUOTE = 0x22;
const COLON = 0x3a;

/** What was lost of a text of which this value was made. */
export function jsonProblem(json: string, value: PlainValue): JsonProblem | undefined {
  let names = 0;
  for (let at = 0; at < json.length; at++) {
    const unit = json.charCodeAt(at);
    if (unit === QUOTE) at = endOfString(json, at);
    else if (unit === COLON) names++;
    else if (isOfNumber(unit)) {
      const start = at;
      while (isOfNumber(json.charCodeAt(at + 1))) at++;
      const number = json.slice(start, at + 1);
      if (exactNumber(number) !== "inexact" || !/\d/.test(number)) continue; // the `e` of `true`
      return {
        state: `${shown(number)} is more than a number of 64 bits can hold`,
        isInexact: true,
      };
    }
  }
  const found = countNames(value, 0);
  if (found === undefined) {
    return { state: `it is nested more than ${MAX_DEPTH} levels deep`, isInexact: false };
  }
  return found === names
    ? undefined
    : { state: "a name is there twice in one object", isInexact: false };
}

/** True for digits and `+ - . e E`. */
function isOfNumber(unit: number): boolean {
  return (unit >= 0x30 && unit <= 0x39) || unit === 0x2b || unit === 0x2d || unit === 0x2e ||
    (unit | 0x20) === 0x65;
}

function countNames(value: PlainValue, depth: number): number | undefined {
  if (typeof value !== "object" || value === null) return 0;
  if (depth >= MAX_DEPTH) return undefined;
  let names = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    const inside = countNames(member, depth + 1);
    if (inside === undefined) return undefined;
    names += inside;
  }
  return names;
}
