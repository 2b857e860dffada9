// Files that options of commands name.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type CommandContext, invalid, notFound } from "../apps/cli/extending.ts";
import { readPublicKey } from "./keys.ts";

/** Reads files with public keys. */
export async function readKeys(
  files: readonly string[],
  context: CommandContext,
): Promise<string[]> {
  const keys: string[] = [];
  for (const file of files) {
    const pem = await textOf(file, "public key", context);
    readPublicKey(pem);
    keys.push(pem);
  }
  return keys;
}

export async function textOf(file: string, what: string, { io }: CommandContext): Promise<string> {
  const action = `read the ${what} ${JSON.stringify(file)}`;
  return await readFile(resolve(io.cwd, file), "utf8").catch((cause) => {
    const hint = "Pass the path of a file.";
    if (cause.code === "ENOENT") throw notFound(action, "it does not exist", hint, cause);
    if (cause.code === "EISDIR") throw invalid(action, "it is a folder", hint, cause);
    throw cause;
  });
}
