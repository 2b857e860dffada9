// The address of a view, in the fragment of the URL: it works behind any prefix and on any file
// server, and no log sees it.
import { useEffect, useState } from "./preact.ts";

/** The address of a view: `#/artifacts/my%3Amodel/1.0.0?path=a.json`. */
export interface Place {
  /** Decoded segments: `["artifacts", "my:model", "1.0.0"]`. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

export function parsePlace(fragment: string): Place {
  const [path = "", query = ""] = fragment.replace(/^#?\/?/, "").split(/\?(.*)/s);
  return {
    path: path.split("/").filter((part) => part !== "").map(decode),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** Returns the `href` of a view. Empty and undefined values of the query are left out. */
export function hrefOf(
  path: readonly string[],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(entries as [string, string][]).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text === "" ? "" : `?${text}`}`;
}

/** Writes several values as one of the query. */
export function joinValues(values: readonly string[]): string {
  return values.map((value) => value.replace(/[%\s]/g, encodeURIComponent)).join(" ");
}

export function splitValues(text = ""): string[] {
  return text.split(" ").filter((value) => value !== "").map(decode);
}

/** Splits `name@version`. A name alone has no version. */
export function splitRef(ref: string): { name: string; version?: string } {
  const at = ref.lastIndexOf("@");
  return at < 0 ? { name: ref } : { name: ref.slice(0, at), version: ref.slice(at + 1) };
}

/** Returns the address of a ref, or of the name of a ref without a version. */
export function hrefOfRef(ref: string): string {
  const { name, version } = splitRef(ref);
  return hrefOf(["artifacts", name, ...version === undefined ? [] : [version]]);
}

/** Opens a view. `replace` leaves no entry in the history of the browser. */
export function openPlace(href: string, { replace = false } = {}): void {
  if (replace) {
    history.replaceState(history.state, "", href);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = href;
}

export function usePlace(): Place {
  const [fragment, setFragment] = useState(location.hash);
  useEffect(() => {
    const changed = () => setFragment(location.hash);
    addEventListener("hashchange", changed);
    changed(); // it may have changed before this effect
    return () => removeEventListener("hashchange", changed);
  }, []);
  return parsePlace(fragment);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
