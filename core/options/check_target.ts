// Checks of the location of a registry.
import type { Backend } from "../backend.ts";
import { fault, invalid } from "../errors.ts";
import { shown } from "../naming/names.ts";

const VERBS = ["head", "get", "put", "delete", "list"] as const;

/** Throws `Invalid` for an invalid location, and for a path with `~`. */
export function checkTarget(target: string | URL | Backend | undefined): void {
  if (target === undefined || target instanceof URL) return;
  if (typeof target === "string" && target !== "") {
    if (!/^~(\/|$)/.test(target)) return;
    const subject = shown(target);
    const state = "only a shell expands ~";
    const hint = `Write the absolute path; a folder named ~ is "./${target}".`;
    throw fault({ code: "Invalid", action: "open a registry at", subject, state, hint });
  }
  const missing = VERBS.filter((verb) =>
    typeof (target as Partial<Backend> | null)?.[verb] !== "function"
  );
  if (typeof target === "object" && missing.length === 0) return;
  const lacks = typeof target === "object" && target !== null;
  throw invalid(
    "open a registry at",
    typeof target === "object" ? undefined : JSON.stringify(target),
    lacks ? `not a backend: missing ${missing.join(", ")}` : "not a path, URL or backend",
    { hint: 'Pass a path, a URL, "memory:" or a backend: openRegistry("./models", { … }).' },
  );
}
