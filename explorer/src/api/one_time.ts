// The one-time code of `holdfast explore`, in the fragment of the address it opens.

/**
 * Takes the code out of the address and returns a token with it. The rest of the token is random:
 * the service accepts the code only with the first rest that it receives, so a copied address opens
 * nothing.
 */
export function oneTimeToken(
  at: Pick<Location, "hash" | "pathname" | "search">,
  past: Pick<History, "replaceState">,
): string | undefined {
  const [, code] = /^#code=([\w-]+)$/.exec(at.hash) ?? [];
  if (code === undefined) return undefined;
  past.replaceState(null, "", `${at.pathname}${at.search}#/`);
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  const rest = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${code}.${rest}`;
}
