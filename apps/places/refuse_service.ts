// What works on a store and so not through a service.
import { isServiceAddress } from "../../core/places/mod.ts";
import { fault } from "../../core/errors.ts";

/** Throws `Unsupported` where a store is needed and a service is named. */
export function refuseService(location: string, action: string): void {
  if (!isServiceAddress(location)) return;
  throw fault({
    code: "Unsupported",
    action,
    subject: "through a service",
    state: "it takes the store itself",
    hint: "Run it where the store is, with the folder or the URL of the bucket.",
  });
}
