// Decimal numbers in text that a JavaScript number represents, and writes again, exactly.
const DECIMAL = /^[+-]?(?:\d+(?:\.(\d*))?|\.(\d+))(?:[eE][+-]?\d+)?$/;
/** Maximum number of digits of a number in its shortest form, and of `%.17g`. */
const MAX_DIGITS = 17;
/** Decimals with up to this many digits survive the conversion to a number and back. */
const SAFE_DIGITS = 15;
/** Matches only from the first zero of a run: otherwise a long run takes quadratic time. */
const ZEROS_AT_END = /(?<!0)0+$/;

/** Parses a decimal. Returns undefined for other text, `"inexact"` if digits would change. */
export function exactNumber(text: string): number | "inexact" | undefined {
  if (!DECIMAL.test(text)) return undefined;
  const number = Number(text);
  const digits = text.replace(/[eE].*/, "").replace(/[+.-]/g, "").replace(/^0+/, "");
  const significant = text.length <= SAFE_DIGITS
    ? digits.length
    : digits.replace(ZEROS_AT_END, "").length;
  if (!Number.isFinite(number) || (number === 0 && significant > 0)) return "inexact";
  if (significant <= SAFE_DIGITS) return number;
  if (!/^[+-]?\d+$/.test(text)) return significant <= MAX_DIGITS ? number : "inexact";
  const whole = BigInt(text.replace("+", ""));
  const isSame = Math.abs(number) < 1e21 // which JSON writes with all digits
    ? String(number) === String(whole)
    : BigInt(number) === whole;
  return isSame ? number : "inexact";
}
