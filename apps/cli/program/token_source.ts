// Tokens for services beside `--token-file` and `HOLDFAST_TOKEN`, such as those of a sign-in.
import type { FoundCredentials } from "../../../core/driver.ts";
import type { Logger, System } from "../../../mod.ts";
import type { ServiceToken } from "../../../registry/places/open_by_url.ts";
import type { CliIo } from "../terminal/cli_io.ts";

/**
 * Tokens of this user for services.
 *
 * @internal
 */
export interface TokenSource {
  /** Returns the token for a service, undefined without one. */
  tokenOf(location: string, context: TokenContext): Promise<ServiceToken | undefined>;
  /** Returns where the token for a service comes from, without the token, or what is missing. */
  find(location: string, system: System): FoundCredentials;
}

/** The part of a run that tokens need. */
export interface TokenContext {
  readonly io: CliIo;
  readonly shared: { tokenFile?: string; wait?: number };
  readonly logger: Logger;
}
