// Dynamic imports that Deno cannot see: it downloads the packages of every literal `import()`.
import { mayRead } from "../may_read.ts";
import { fault, type RegistryError } from "../errors.ts";

/**
 * Imports an optional part of this library. Compiled programs need `--include` for it.
 *
 * @param path relative to `from`, ending with `.ts`
 * @param from `import.meta.url` of the caller
 * @param load a literal import, which the npm package passes for bundlers
 * @throws {RegistryError} `Denied` without read permission, `Unsupported` without its package
 */
export async function loadPart<Module>(
  path: string,
  from: string,
  load = (): Promise<Module> => import(new URL(path, from).href),
): Promise<Module> {
  return await load().catch((cause) => Promise.reject(failure(path, from, cause)));
}

function failure(path: string, from: string, cause: unknown): RegistryError {
  const subject = path.replace(/(\/mod)?\.ts$/, "").replace(/^.*\//, "");
  const { name, message } = cause as Error;
  const [reason = ""] = message.split("\n");
  const failed = (code: "Denied" | "Unsupported", state: string, hint: string) =>
    fault({ code, action: "load", subject, state, hint, cause });
  const folder = from.startsWith("file:") && new URL(".", new URL(path, from));
  if (folder && !mayRead(folder)) {
    const allowed = decodeURIComponent(folder.pathname).replace(/\/$/, "");
    return failed("Denied", "read access is not granted", `Pass --allow-read=${allowed}.`);
  }
  if (name === "NotCapable") {
    return failed("Denied", reason, "Grant it; stores need --allow-env and --allow-net.");
  }
  const [, missing] =
    /^(?:Cannot find package|Could not resolve|No such module) ['"]([^'"]+)/.exec(reason) ?? [];
  if (missing !== undefined) {
    const state = `the package ${missing} is not installed`;
    return failed("Unsupported", state, `Install it: npm install ${missing}`);
  }
  return failed("Unsupported", reason, "Compiled programs need --include for this part.");
}
