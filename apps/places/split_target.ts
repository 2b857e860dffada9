// Where a save goes, as it is typed.
import { fault } from "../../core/errors.ts";

/** `name@1.2.0` is `name` with `--version 1.2.0`, as refs are written everywhere. */
export function splitTarget(
  target: string,
  option: string | undefined,
): { name: string; version?: string } {
  const at = target.indexOf("@");
  if (at < 0) return { name: target, version: option };
  if (option === undefined) return { name: target.slice(0, at), version: target.slice(at + 1) };
  throw fault({
    code: "Invalid",
    action: "save",
    subject: JSON.stringify(target),
    state: "a version is given twice",
    hint: "Write NAME@VERSION, or NAME and --version, not both.",
  });
}
