// SIGHUP, which reloads the certificate of `holdfast serve`.
import process from "node:process";
import { messageOf } from "../../../core/errors.ts";
import type { CommandContext } from "../program/command.ts";

/** Reloads the certificate on SIGHUP. An invalid one is not used. Returns a function that ends it. */
export function reloadOnHangup(
  server: { reloadCertificate(): Promise<void> },
  context: Pick<CommandContext, "note">,
): () => void {
  const reload = () =>
    void server.reloadCertificate().then(
      () => context.note("Certificate reloaded"),
      (error) => context.note(`${messageOf(error)}. The old one stays in use`),
    );
  process.on("SIGHUP", reload);
  return () => void process.off("SIGHUP", reload);
}
