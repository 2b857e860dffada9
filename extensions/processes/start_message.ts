// The first call to a process of a service, `start`, and its answer.
import type { SharedOptions } from "../../apps/cli/extending.ts";
import type { ServeFlags } from "../../apps/cli/services/serve_options.ts";

/** The hidden command that a process of a service runs. */
export const PROCESS_COMMAND = "__serve";

/** All that a process needs to serve, as JSON. */
export interface StartMessage {
  /** With the port that all processes share. */
  flags: ServeFlags;
  shared: SharedOptions;
  processes: number;
  isFirst: boolean;
  /** The content of the token file, if it came from standard input. */
  tokens?: string;
}

export interface StartedMessage {
  url: string;
  /** The location of the registry. */
  location: string;
  hasTokens: boolean;
}
