// Secrets as they may stand in a log.
/** Shorter texts stand in ordinary words too: masking them would blot out half of a log, and hide nothing else. */
const MIN_CHARACTERS = 4;

/**
 * What of secrets is masked in a log, the longest first: each of their lines as it is, in a string of JSON, in a URL and
 * in base64, as clients show them that tell of what they sent.
 */
export function secretForms(secrets: readonly string[]): string[] {
  const forms = new Set<string>();
  for (const secret of secrets) {
    for (const text of new Set([secret, ...secret.split(/\r?\n/)])) {
      if (text.length < MIN_CHARACTERS) continue;
      const base64 = base64Of(text);
      const written = [
        text,
        JSON.stringify(text).slice(1, -1),
        encodeURIComponent(text.toWellFormed()),
        base64,
      ];
      for (const form of [...written, base64.replaceAll("+", "-").replaceAll("/", "_")]) {
        if (!form.includes("\n")) forms.add(form); // logs are made of lines
      }
    }
  }
  return [...forms].sort((a, b) => b.length - a.length);
}

/** Without the `=` at its end, which not everybody writes. */
function base64Of(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")).replace(/=+$/, "");
}
