// Forms in which programs print a secret.

/** Shorter secrets are not masked: they occur in other words. */
const MIN_CHARACTERS = 4;

/** Characters besides letters and digits that encoders of URLs leave as they are. */
const IN_URLS = [
  "-_.!~*'()", // encodeURIComponent of JavaScript
  "-_.!~*'();/?:@&=+$,#", // encodeURI
  "-_.~", // Python quote_plus, Go QueryEscape, PHP rawurlencode, curl
  "-_.~/", // Python quote
  "-_.~$&+:=@", // Go PathEscape
  "-_.~$&+,;=", // Go UserPassword
  "-_.*", // URLSearchParams, Java URLEncoder
  "-_.", // PHP urlencode
];

/**
 * Returns the forms of secrets that a log masks, the longest first: as they are, and as encoders
 * write them for JSON, URLs, shells and base64, also in the middle of a longer base64 string.
 * Secrets of several lines are masked line by line.
 */
export function secretForms(secrets: readonly string[]): string[] {
  const texts = new Set(secrets.flatMap((secret) => [secret, ...secret.split(/\r?\n/)]));
  const forms = [...texts].filter((text) => text.length >= MIN_CHARACTERS)
    .flatMap((
      text,
    ) => [...jsonForms(text), ...urlForms(text), ...shellForms(text), ...base64Forms(text)]);
  const inLines = [...new Set(forms)].filter((form) => !form.includes("\n")); // as logs are
  return inLines.sort((a, b) => b.length - a.length);
}

/** Returns a pattern that matches any of these forms. */
export function anyForm(forms: readonly string[]): RegExp {
  return new RegExp(forms.map((form) => RegExp.escape(form)).join("|") || "(?!)", "g");
}

/** JavaScript, Python (ASCII), Go (no HTML), PHP (ASCII, and slashes). */
function jsonForms(text: string): string[] {
  const escaped = (forms: string[], pattern: RegExp, toText: (unit: string) => string) => [
    ...forms,
    ...forms.map((form) => form.replace(pattern, toText)),
  ];
  const hex = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  let forms = [text, JSON.stringify(text).slice(1, -1)];
  forms = escaped(forms, /[<>&]/g, hex);
  forms = escaped(forms, /\//g, () => "\\/");
  forms = escaped(forms, /[^ -~]/g, hex);
  return forms.flatMap((
    form,
  ) => [form, form.replace(/\\u\w{4}/g, (unit) => `\\u${unit.slice(2).toUpperCase()}`)]);
}

function urlForms(text: string): string[] {
  return IN_URLS.flatMap((kept) => {
    const form = Array.from(text.toWellFormed(), (character) => {
      if (/[A-Za-z0-9]/.test(character) || kept.includes(character)) return character;
      return Array.from(new TextEncoder().encode(character), (byte) => `%${hexOf(byte)}`).join("");
    }).join("");
    const lower = form.replace(/%../g, (byte) => byte.toLowerCase());
    return [form, lower].flatMap((form) => [form, form.replaceAll("%20", "+")]);
  });
}

const hexOf = (byte: number) => byte.toString(16).toUpperCase().padStart(2, "0");

/** `set -x` of shells, `shlex.quote` and `repr` of Python. */
function shellForms(text: string): string[] {
  const quotes = ["'\\''", `'"'"'`];
  return [
    ...quotes.map((quote) => text.replaceAll("'", quote)),
    text.replace(/[\\']/g, "\\$&"),
  ];
}

/** Both alphabets, without `=` at the end, and what is the same in the middle of a longer text. */
function base64Forms(text: string): string[] {
  const bytes = new TextEncoder().encode(text);
  const forms = [0, 1, 2].flatMap((before) => {
    const padded = new Uint8Array(before + bytes.length);
    padded.set(bytes, before);
    const whole = btoa(Array.from(padded, (byte) => String.fromCharCode(byte)).join(""))
      .replace(/=+$/, "");
    const bits = padded.length * 8;
    return [
      whole.slice(Math.ceil(before * 8 / 6)),
      whole.slice(Math.ceil(before * 8 / 6), Math.floor(bits / 6)),
    ];
  });
  return forms.flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}
