// The Python package, over a service and over a folder (which it reads), in one process each.
import { startReader } from "../../python/reader.ts";
import type { EntryPoint, Location } from "./entry_point.ts";

/** Starts a process; `where` chooses what it opens. */
export function startPython(
  where: (at: Location) => { location: string; token?: string },
): EntryPoint & AsyncDisposable {
  const process = startReader("tests/apps/entry_points/python.py");
  return {
    save: (at, name, save) => process.ask({ ...where(at), ask: "save", name, save }),
    load: (at, ref) => process.ask({ ...where(at), ask: "load", ref }),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}
