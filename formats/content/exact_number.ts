// Numbers as text writes them, where a number of JavaScript keeps all that is written.
const DECIMAL = /^[+-]?(?:\d+(?:\.(\d*))?|\.(\d+))(?:[eE][+-]?\d+)?$/;
/** No number has more digits in its shortest form, nor does `%.17g` write more. */
const MAX_DIGITS = 17;
/** Up to as many digits come back from a number as they were. */
const SAFE_DIGITS = 15;

/** The number of a decimal, `undefined` for what is none, or `"inexact"` where some of what is written would be lost. */
export function exactNumber(text: string): number | "inexact" | undefined {
  if (!DECIMAL.test(text)) return undefined;
  const number = Number(text);
  const digits = text.replace(/[eE].*/, "").replace(/[+.-]/g, "").replace(/^0+/, "");
  const significant = text.length <= SAFE_DIGITS ? digits.length : digits.replace(/0+$/, "").length;
  if (!Number.isFinite(number) || (number === 0 && significant > 0)) return "inexact"; // too large, too small
  if (significant <= SAFE_DIGITS) return number;
  if (!/^[+-]?\d+$/.test(text)) return significant <= MAX_DIGITS ? number : "inexact";
  return String(number) === text || BigInt(number) === BigInt(text.replace("+", ""))
    ? number
    : "inexact";
}
