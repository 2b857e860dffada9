// Forms in which programs print a secret.

/** Shorter secrets are not masked: they occur in other words. */
const MIN_CHARACTERS = 4;

/** Longest form of a character that encoders change, characters. */
const LONGEST_FORM = 160;

/** A backslash, or what encoders write for it. */
const SLASH = String.raw`(?:\\|%(?:25){0,2}5[Cc]|u005[Cc]|x5[Cc]|&#92;)`;
/** Backslashes before a character: in JSON within JSON within JSON, a quote has seven. */
const SLASHES = `${SLASH}{0,8}`;

/** Further forms of characters: in shells, CSV and SQL, forms of the Web, strings, and HTML. */
const FORMS: Readonly<Record<string, readonly string[]>> = {
  " ": [String.raw`\+`],
  "'": [`'${SLASH}{1,8}''`, `'${SLASHES}"'${SLASHES}"'`, "''", "&(?:amp;){0,2}apos;"],
  '"': [`"${SLASHES}"`, "&(?:amp;){0,2}quot;"],
  "&": ["&(?:amp;){1,3}"],
  "<": ["&(?:amp;){0,2}lt;"],
  ">": ["&(?:amp;){0,2}gt;"],
  "\n": ["n"],
  "\r": ["r"],
  "\t": ["t"],
};

/**
 * Returns a pattern that matches secrets as they are and as encoders write them for JSON, strings
 * of programs, URLs, shells, CSV and HTML, also one within another; and base64, also in the middle
 * of a longer base64 string. Secrets of several lines are matched line by line. `longest` is the
 * longest match, characters.
 */
export function secretPattern(secrets: readonly string[]): { pattern: RegExp; longest: number } {
  const texts = [...new Set(secrets.flatMap((secret) => [secret, ...secret.split(/\r\n|[\r\n]/)]))]
    .filter((text) => text.length >= MIN_CHARACTERS).sort((a, b) => b.length - a.length);
  const sources = texts.flatMap((text) => [escapedForms(text), ...base64Forms(text)]);
  const longest = texts.map((text) =>
    2 * text.length + LONGEST_FORM * text.replace(/[A-Za-z0-9]/g, "").length
  );
  return {
    pattern: new RegExp(sources.join("|") || "(?!)", "g"),
    longest: Math.max(1, ...longest),
  };
}

/**
 * Each character but letters and digits as itself, or in any of its forms. Backslashes before it
 * are in one place, as a pattern that can divide them among several takes exponential time.
 */
function escapedForms(text: string): string {
  const parts = text.toWellFormed().matchAll(/(\\*)([^\\]|$)/gsu);
  return Array.from(parts, ([, run = "", char = ""], index) => {
    const slashes = run.length;
    const isPlain = /^[A-Za-z0-9]?$/.test(char);
    const itself = char === "\n" ? [] : [char.replace(/[^\w\s]/, "\\$&")]; // logs are lines
    const form = isPlain
      ? char
      : `(?:${[...FORMS[char] ?? [], ...codesOf(char), ...itself].join("|")})`;
    if (slashes === 0 && (isPlain || index === 0)) return form;
    return `${SLASH}{${slashes},${8 * slashes + 8}}${form}`;
  }).join("");
}

/** Forms with the code of a character, or of its bytes in UTF-8, after any backslash. */
function codesOf(char: string): string[] {
  const code = char.codePointAt(0)!;
  const hex = (value: number, digits: number) => anyCase(value.toString(16).padStart(digits, "0"));
  const bytes = Array.from(new TextEncoder().encode(char));
  const units = Array.from({ length: char.length }, (_, at) => char.charCodeAt(at));
  return [
    bytes.map((byte) => `%(?:25){0,2}${hex(byte, 2)}`).join(""),
    units.map((unit) => `u${hex(unit, 4)}`).join(SLASHES),
    String.raw`[ux]\{0{0,4}${hex(code, 1)}\}`,
    `U${hex(code, 8)}`,
    bytes.map((byte) => `x${hex(byte, 2)}`).join(SLASHES),
    bytes.map((byte) => byte.toString(8).padStart(3, "0")).join(SLASHES),
    ...(code < 256 ? [`x${hex(code, 2)}`] : []),
    `&(?:amp;){0,2}#(?:0{0,4}${code}|[xX]0{0,4}${hex(code, 1)});`,
  ];
}

function anyCase(hex: string): string {
  return hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}

/** Both alphabets, without `=` at the end, and what is the same in the middle of a longer text. */
function base64Forms(text: string): string[] {
  const bytes = new TextEncoder().encode(text);
  return [0, 1, 2].map((before) => {
    const padded = new Uint8Array(before + bytes.length);
    padded.set(bytes, before);
    const encoded = btoa(Array.from(padded, (byte) => String.fromCharCode(byte)).join(""));
    const whole = encoded.replace(/=+$/, "").slice(Math.ceil(before * 8 / 6));
    const same = Math.floor(padded.length * 8 / 6) - Math.ceil(before * 8 / 6);
    const either = (part: string) => part.replaceAll("+", "[+-]").replaceAll("/", "[/_]");
    return `${either(whole.slice(0, same))}(?:${either(whole.slice(same))})?`;
  });
}
