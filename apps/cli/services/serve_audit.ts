// The audit trail of `holdfast serve`.
import { resolve } from "node:path";
import { createAuditFile } from "../../server/observe/audit_file.ts";
import type { AuditSink } from "../../server/observe/audit_entry.ts";
import type { CliIo } from "../terminal/cli_io.ts";

/** Returns where `--audit` writes; `-` is standard output. */
export function auditSink(
  file: string | undefined,
  { cwd, stdout }: Pick<CliIo, "cwd" | "stdout">,
): AuditSink | undefined {
  if (file === undefined) return undefined;
  if (file !== "-") return createAuditFile(resolve(cwd, file));
  return async (entry) => await stdout.write(`${JSON.stringify(entry)}\n`);
}
