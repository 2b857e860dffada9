// Imports that tools cannot see: Deno downloads the packages behind every literal `import()` that
// it finds, whether or not it ever runs.
import { mayRead } from "../may_read.ts";
import { fault, type RegistryError } from "../errors.ts";

/**
 * Imports an optional part of this library when it is needed. A program that is compiled names it with `--include`.
 *
 * @param path relative to `from`, ending with `.ts`
 * @param from `import.meta.url` of the caller
 * @throws {RegistryError} `Denied` where Deno may not read it, `Unsupported` where it, or its package, cannot be had
 */
export async function loadPart<Module>(path: string, from: string): Promise<Module> {
  const extension = /\.\w+$/.exec(from)?.[0] ?? ".ts"; // `.js` where the sources were compiled
  const url = new URL(path.replace(/\.ts$/, extension), from);
  try {
    return await import(url.href);
  } catch (cause) {
    throw failure(path, new URL(".", url), cause);
  }
}

function failure(path: string, folder: URL, cause: unknown): RegistryError {
  const part = path.replace(/^.*\/|\.ts$/g, "");
  const { name, message } = cause as Error;
  const [reason] = message.split("\n");
  // Deno checks the permission to read a module, and what that imports, where it learns of it while it runs.
  if (folder.protocol === "file:" && !mayRead(folder)) {
    const hint = `Allow it: --allow-read=${decodeURIComponent(folder.pathname).replace(/\/$/, "")}`;
    return fault({
      code: "Denied",
      action: "load",
      subject: part,
      state: "this program may not read it",
      hint,
      cause,
    });
  }
  if (name === "NotCapable") {
    const hint =
      "Allow what is named here; the packages of stores want --allow-env and --allow-net.";
    return fault({ code: "Denied", action: "load", subject: part, state: reason, hint, cause });
  }
  const [, missing] = /^Cannot find package '([^']+)'/.exec(reason) ?? [];
  return fault({
    code: "Unsupported",
    action: "load",
    subject: part,
    state: missing === undefined ? reason : `the package ${missing} is not installed`,
    hint: missing !== undefined
      ? `Install it: npm install ${missing}`
      : "Deno downloads its package at the first use; a compiled program wants --include.",
    cause,
  });
}
