import type { Logger } from "../../../mod.ts";
import type { CliIo } from "../terminal/cli_io.ts";

/** The part of a run that sign-in needs. */
export interface LoginContext {
  readonly io: CliIo;
  readonly shared: { tokenFile?: string; wait?: number };
  readonly logger: Logger;
}
