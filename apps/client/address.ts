// URLs of a service and paths below them.
import { fault } from "../../core/errors.ts";
import { checkName, nameSegment } from "../../core/naming/names.ts";
import { parseRef } from "../../core/naming/refs.ts";

/**
 * Returns the URL of a service without a trailing slash. Errors omit the URL: it may contain a
 * secret.
 *
 * @throws {RegistryError} `Invalid`
 */
export function parseAddress(address: string | URL): string {
  const invalid = (state: string, hint: string) =>
    fault({ code: "Invalid", action: "use the service URL", state, hint });
  const url = URL.parse(String(address));
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw invalid("not a URL like https://host:8600", "Use the URL that the service prints.");
  }
  if (url.username !== "" || url.password !== "") {
    throw invalid(
      "it contains credentials",
      "Pass a token: openHttpRegistry(url, { token }), or HOLDFAST_TOKEN.",
    );
  }
  if (url.search !== "" || url.hash !== "") {
    throw invalid("it has a query or a fragment", "Write only the scheme, host and path.");
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

export function artifactPath(name: string): string {
  checkName(name);
  return `artifacts/${nameSegment(name)}`;
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
  return `${artifactPath(name)}/versions/${nameSegment(text)}`;
}

export function filePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/"); // no segment is `.` or `..`
}
