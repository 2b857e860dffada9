// Addresses of a service and of what it has.
import { fault, type RegistryError } from "../../core/errors.ts";
import { checkName } from "../../core/naming/names.ts";
import { parseRef } from "../../core/naming/refs.ts";

/**
 * The address of a service without a slash at its end. Messages do not show a wrong one: it may hold a secret.
 *
 * @throws {RegistryError} `Invalid`
 */
export function parseAddress(address: string | URL): string {
  const url = URL.parse(String(address));
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw invalid(
      "it is no address like https://host:8600",
      "Write the address that the service prints.",
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw invalid(
      "it has credentials in it",
      "Pass a token: openHttpRegistry(url, { token }), or HOLDFAST_TOKEN.",
    );
  }
  if (url.search !== "" || url.hash !== "") {
    throw invalid("it has a query or a fragment", "Write scheme, host and path alone.");
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

function invalid(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "use the address of a service", state, hint });
}

/** A name as one segment of a path: before dots alone, which mean folders there, stands a tilde, and before that another. */
export function segment(name: string): string {
  return encodeURIComponent(name.replace(/^~*\.{1,2}$/, "~$&"));
}

export function artifactPath(name: string): string {
  checkName(name);
  return `artifacts/${segment(name)}`;
}

export function versionPath(ref: string, version?: string): string {
  const { name, selector } = parseRef(ref, version);
  const text = selector.kind === "version"
    ? selector.version.full
    : selector.kind === "range"
    ? selector.text
    : selector.kind === "alias"
    ? selector.alias
    : "latest";
  return `${artifactPath(name)}/versions/${segment(text)}`;
}

export function filePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/"); // none of them is dots alone
}
