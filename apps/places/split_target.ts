/**
 * Where a save goes, as it is typed.
 *
 * @module
 */
import { RegistryError } from "../../mod.ts";

/** `name@1.2.0` is `name` with `--version 1.2.0`, as refs are written everywhere. */
export function splitTarget(
  target: string,
  option: string | undefined,
): { name: string; version?: string } {
  const at = target.indexOf("@");
  if (at < 0) return { name: target, version: option };
  if (option === undefined) return { name: target.slice(0, at), version: target.slice(at + 1) };
  throw new RegistryError({
    code: "Invalid",
    message: `Cannot save ${JSON.stringify(target)}: a version is given twice`,
    hint: "Write NAME@VERSION, or NAME and --version, not both.",
  });
}
