// Decimal numbers in text, compared with all their digits.

/** Exponents have at most four digits, as those of all binary and decimal floats. */
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?$/;

/** True for `10`, `-0.5`, `1e-3`. Spaces, separators and other bases make no decimal number. */
export function isDecimal(text: string): boolean {
  return DECIMAL.test(text);
}

/** Compares two decimal numbers exactly. One may be `Infinity` or `-Infinity`. */
export function compareDecimals(a: string, b: string): number {
  if (a === b) return 0;
  const [first, second] = [partsOf(a), partsOf(b)];
  if (first.sign !== second.sign) return first.sign - second.sign;
  const { digits, exponent } = first;
  const order = exponent - second.exponent ||
    (digits < second.digits ? -1 : Number(digits > second.digits));
  return first.sign * order;
}

/** The number is `sign × 0.digits × 10^exponent`. Zero has no digits. */
function partsOf(text: string): { sign: number; digits: string; exponent: number } {
  const sign = text.startsWith("-") ? -1 : 1;
  if (text.endsWith("Infinity")) return { sign, digits: "", exponent: Infinity };
  const [mantissa = "", power = "0"] = text.replace(/^[+-]/, "").split(/[eE]/);
  const [whole = "", fraction = ""] = mantissa.split(".");
  const all = whole + fraction;
  const digits = all.replace(/^0+/, "").replace(/(?<!0)0+$/, "");
  if (digits === "") return { sign: 0, digits, exponent: 0 };
  const zeros = all.length - all.replace(/^0+/, "").length;
  return { sign, digits, exponent: whole.length - zeros + Number(power) };
}
