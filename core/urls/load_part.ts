// Dynamic imports that Deno cannot see: it downloads the packages of every literal `import()`.
import { importedPart } from "./provide_part.ts";
import { mayRead } from "../may_read.ts";
import { installCommand } from "./install_command.ts";
import { fault, isRegistryError, type RegistryError, retold } from "../errors.ts";

/**
 * Imports an optional part of this library, unless the program has imported it: see
 * `providePart`. Other parts of a compiled program need `--include`.
 *
 * @param path relative to `from`, ending with `.ts`
 * @param from `import.meta.url` of the caller
 * @param load a literal import, which the npm package passes for bundlers
 * @throws {RegistryError} `Denied` without read permission, `Unsupported` without its package
 */
export async function loadPart<Module>(
  path: string,
  from: string,
  load = (): Promise<Module> => import(new URL(path, sourceOf(path, from)).href),
): Promise<Module> {
  const own = importedPart(path.replace(/^.*\//, ""));
  if (own !== undefined) return own as Module;
  try {
    return await load();
  } catch (cause) {
    const isOfBundle = isRegistryError(cause) && cause.state === NOT_IN_BUNDLE;
    throw isOfBundle ? cause : failure(path, from, cause);
  }
}

/** In a bundle, all modules have its URL: files beside it are not those of this library. */
function sourceOf(path: string, from: string): string {
  if (import.meta.url.endsWith("/core/urls/load_part.ts")) return from;
  const subject = nameOf(path);
  const [state, hint] = [NOT_IN_BUNDLE, INCLUDE];
  throw fault({ code: "Unsupported", action: "load", subject, state, hint });
}

/** Returns `s3` for `../s3.ts`, and `backends` for `../backends/mod.ts`. */
function nameOf(path: string): string {
  return path.replace(/(\/mod)?\.ts$/, "").replace(/^.*\//, "");
}

const NOT_IN_BUNDLE = "the program is a bundle without this part";

/** Adds to the error of a part that a bundle lacks the import that the program needs. */
export async function orImport<Module>(
  entry: string,
  loading: Promise<Module>,
): Promise<Module> {
  try {
    return await loading;
  } catch (error) {
    if (!isRegistryError(error, "Unsupported") || error.hint !== INCLUDE) throw error;
    const hint = `Add to the program: import "@holdfast/holdfast/${entry}"; a bundle and a ` +
      "compiled program contain only what the program imports.";
    throw retold(error, { hint, cause: error });
  }
}

const INCLUDE = "Leave the library out of a bundle (--external), or --include this part in a " +
  "compiled program.";

function failure(path: string, from: string, cause: unknown): RegistryError {
  const subject = nameOf(path);
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
    /^(?:Cannot find (?:package|module)|Could not resolve|No such module) ['"]([^'"./][^'"]*)/
      .exec(reason) ?? [];
  if (missing !== undefined) {
    const state = `the package ${missing} is not installed`;
    return failed("Unsupported", state, `Install it: ${installCommand(missing)}`);
  }
  return failed("Unsupported", reason, INCLUDE);
}
