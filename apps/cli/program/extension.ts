// Extensions: the parts of the product that may be absent. `extensions.ts` lists them, and the
// command line and the service ask the list. A new one is a folder, and a line there.
import type { Command, CommandContext, FlagsOf, OptionDefinition } from "./command.ts";
import type { Gateway } from "../../server/gateways/gateway.ts";

/** A part of the product that may be absent. */
export interface Extension {
  /** One word: `hub`. */
  readonly name: string;
  readonly commands?: readonly CommandSet[];
  readonly serving?: Serving;
}

/** Functions that load the commands of these words when they are called. */
export type CommandLoaders = Readonly<
  Record<string, (extensions: readonly Extension[]) => Promise<Command>>
>;

/** Commands of a group of the help. */
export interface CommandSet {
  /** One word, as in `holdfast help data`. */
  readonly group: string;
  /** The title of a group that no other set has. */
  readonly title?: string;
  readonly load: CommandLoaders;
}

/** The part of an extension in `holdfast serve`. */
export interface Serving {
  readonly options: readonly OptionDefinition[];
  /** Opens what the options of a line ask for, before the service starts. */
  // deno-lint-ignore no-explicit-any -- see `defineServing`
  open(flags: any, context: CommandContext): Promise<Served>;
}

/** Parts that an extension adds to a running service. */
export interface Served {
  readonly gateways?: readonly Gateway[];
}

export function defineServing<const Options extends readonly OptionDefinition[]>(
  serving: {
    readonly options: Options;
    open(flags: FlagsOf<Options>, context: CommandContext): Promise<Served>;
  },
): Serving {
  return serving;
}
