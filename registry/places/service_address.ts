// Addresses of services, where stores are named too.
import { fault } from "../../core/errors.ts";

/** True for the address of a service: `http://…`, `https://…`. */
export function isServiceAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** Throws `Invalid` for an address that may hold a secret, before anything shows it. */
export function checkServiceAddress(text: string): void {
  const url = URL.parse(text);
  const state = url === null
    ? "it is no URL"
    : url.username !== "" || url.password !== ""
    ? "it has credentials in it"
    : url.search !== "" || url.hash !== ""
    ? "it has a query or a fragment"
    : undefined;
  if (state === undefined) return;
  throw fault({
    code: "Invalid",
    action: "use the address of a service",
    state,
    hint: "Write https://host:8600 alone; the token comes from HOLDFAST_TOKEN or --token-file.",
  });
}
