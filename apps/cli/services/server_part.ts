// The server, which only commands that serve load: it loads packages.
import type { Registry } from "../../../mod.ts";
import type { Listening, ListenOptions } from "../../server/listen/options.ts";
import type { Handler, HandlerOptions } from "../../server/options.ts";

export type { Handler, HandlerOptions, Listening, ListenOptions };

/** The functions of the entry point `./server` that a command needs. */
export interface ServerPart {
  createHandler(registry: Registry, options?: HandlerOptions): Handler;
  listen(handler: Handler, options?: ListenOptions): Promise<Listening>;
}
