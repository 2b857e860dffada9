// Where a registry is to be opened, as a caller says it.
import type { Backend } from "../backend.ts";
import { fault } from "../errors.ts";
import { shown } from "../naming/names.ts";

const VERBS = ["head", "get", "put", "delete", "list"] as const;

/** Throws `Invalid` for what is no place, and for a path that only a shell understands. */
export function checkTarget(target: string | URL | Backend | undefined): void {
  if (target === undefined || target instanceof URL) return;
  if (typeof target === "string" && target !== "") {
    if (!/^~(\/|$)/.test(target)) return;
    throw fault({
      code: "Invalid",
      action: "open a registry at",
      subject: shown(target),
      state: "only a shell knows what ~ means",
      hint:
        `Write the folder in full, as in join(Deno.env.get("HOME")!, "…"); one that is called ~ is "./${target}".`,
    });
  }
  const missing = VERBS.filter((verb) =>
    typeof (target as Partial<Backend> | null)?.[verb] !== "function"
  );
  if (typeof target === "object" && missing.length === 0) return;
  throw fault({
    code: "Invalid",
    action: "open a registry at",
    subject: typeof target === "object" ? undefined : JSON.stringify(target),
    state: target && missing.length > 0 && typeof target === "object"
      ? `it is not a backend: it lacks ${missing.join(", ")}`
      : "it is not a location",
    hint:
      'Give a path, a URL, "memory:" or a backend first, then options: openRegistry("./models", { … }).',
  });
}
