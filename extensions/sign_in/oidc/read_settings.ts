// The file of `holdfast serve --oidc`.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf } from "../../../core/kernel.ts";
import { invalid, notFound } from "../../../apps/cli/extending.ts";
import type { OidcSettings } from "./settings.ts";

export async function readSettings(file: string, cwd: string): Promise<OidcSettings> {
  const action = `read sign-in settings ${JSON.stringify(file)}`;
  const text = await readFile(resolve(cwd, file), "utf8").catch((cause) => {
    if (cause.code !== "ENOENT") throw cause;
    const hint = "Check the path, or create the file as in docs/sign_in.md.";
    throw notFound(action, "the file does not exist", hint, cause);
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    const hint = "Write `audience` and `issuers` as JSON: see docs/sign_in.md.";
    throw invalid(action, messageOf(error), hint, error);
  }
}
