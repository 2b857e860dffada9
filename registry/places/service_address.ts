// Addresses of services.
import { fault } from "../../core/errors.ts";

export function isServiceAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/**
 * Throws `Invalid` for an invalid address, or one that may contain a secret, without showing it.
 */
export function checkServiceAddress(text: string): void {
  const url = URL.parse(text);
  const state = url === null
    ? "invalid URL"
    : url.username !== "" || url.password !== ""
    ? "it contains credentials"
    : url.search !== "" || url.hash !== ""
    ? "it has a query or a fragment"
    : undefined;
  if (state === undefined) return;
  const hint = "Write https://host:8600; pass the token by HOLDFAST_TOKEN or --token-file.";
  throw fault({ code: "Invalid", action: "use the address of a service", state, hint });
}
