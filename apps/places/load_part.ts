// Parts of this library that only some commands need. They are imported by a name that Deno cannot
// see before, so that who never uses them downloads no package for them.
import { fileURLToPath } from "node:url";
import { fault } from "../../core/errors.ts";
import { mayRead } from "./may_read.ts";

/**
 * Imports a part of this library when it is needed.
 *
 * @param path from the root of this library: `operators/config/mod.ts`
 * @param purpose what it does, for the message: `what reads pipelines`
 * @throws {RegistryError} `Denied` where Deno may not read this library
 */
export async function loadPart<Part>(path: string, purpose: string): Promise<Part> {
  const library = new URL("../../", import.meta.url);
  const extension = /\.\w+$/.exec(import.meta.url)?.[0] ?? ".ts"; // `.js` where the sources were compiled
  try {
    return await import(new URL(path.replace(/\.ts$/, extension), library).href);
  } catch (cause) {
    if (library.protocol !== "file:" || mayRead(fileURLToPath(library))) throw cause;
    throw fault({
      code: "Denied",
      action: "load",
      subject: purpose,
      state: "this program may not read it",
      hint: `Allow it: --allow-read=${fileURLToPath(library).replace(/\/$/, "")}`,
      cause,
    });
  }
}
