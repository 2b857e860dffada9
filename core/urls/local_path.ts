// Locations that are neither a path nor a URL: `s3:bucket/models`, `localhost:8600`, `$HOME/models`.
// As a path, each would be a folder of this machine.
import { fault } from "../errors.ts";

/** `scheme://…` */
const URL = /^[a-z][a-z0-9+.-]+:\/\//i;
/** `scheme:…`; a single letter is a drive. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/i;
/** `host:8600`, `127.0.0.1:8600/team`, `[::1]:8600` */
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?):(\d{1,5})(?:\/|$)/i;
/** `~/models`, `$HOME/models`, `${HOME}/models` */
const UNEXPANDED = /^(~|\$\w+|\$\{\w+\})(?:\/|$)/;
/** `http//host` */
const WEB = /^(https?)(:|\/\/)/i;

/**
 * Throws `Invalid` for a location without slashes, for any URL, and for a variable that only a shell
 * expands, where a path is expected. Shows only the scheme, or host and port: the rest may be secret.
 *
 * @param action what fails: `open a registry at`
 */
export function checkLocalPath(text: string, action: string): void {
  const problem = problemOf(text);
  if (problem !== undefined) throw fault({ code: "Invalid", action, ...problem });
}

/** True for `scheme://…`, also `file://…`. */
export function isUrl(text: string): boolean {
  return URL.test(text);
}

/** True for the address of a service, also without slashes: `localhost:8600`, `http:host`. */
export function isAddress(text: string): boolean {
  return HOST.test(text) || WEB.test(text);
}

function problemOf(text: string): { subject: string; state: string; hint: string } | undefined {
  const variable = UNEXPANDED.exec(text)?.[1];
  if (variable !== undefined) {
    const hint = `Write the absolute path. For a folder of that name write "./${variable}/…".`;
    return { subject: `"${variable}/…"`, state: `only a shell expands ${variable}`, hint };
  }
  const web = WEB.exec(text)?.[1]?.toLowerCase();
  if (web !== undefined && !isUrl(text)) {
    const hint = `Write ${web}://host:8600, the URL that the service prints.`;
    return { subject: `"${web}:…"`, state: "a URL needs a colon and two slashes", hint };
  }
  const [, host, port] = HOST.exec(text) ?? [];
  if (host !== undefined) {
    const address = `${host}:${port}`;
    const hint =
      `Write "http://${address}" or https. For a folder of that name write "./${address}".`;
    return { subject: `"${address}"`, state: "the address of a service needs a scheme", hint };
  }
  const scheme = SCHEME.exec(text)?.[1];
  if (scheme === undefined) return undefined;
  const hint = `Write two slashes: "${scheme}://bucket/prefix". For a folder of that name write ` +
    `"./${scheme}:…".`;
  const state = isUrl(text)
    ? "it is a URL, not a path"
    : "not a path, or the URL of a store or service";
  return { subject: `"${scheme}:…"`, state, hint: isUrl(text) ? "Pass a path." : hint };
}
