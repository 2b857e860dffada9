// Extensions: the parts of the product that may be absent. `extensions.ts` lists them, and the
// command line and the service ask the list. A new one is a folder, and a line there.
import type { Command, CommandContext, FlagsOf, OptionDefinition } from "./command.ts";
import type { TokenContext, TokenSource } from "./token_source.ts";
import type { TokenCheck } from "../../server/access/token_file.ts";
import type { Gateway } from "../../server/gateways/gateway.ts";

export type { Gateway, TokenCheck, TokenContext, TokenSource };

/** A part of the product that may be absent. */
export interface Extension {
  /** One word: `hub`. */
  readonly name: string;
  readonly commands?: readonly CommandSet[];
  readonly serving?: Serving;
  /** Tokens of this user for services, beside those that are passed to a program. */
  readonly tokens?: TokenSource;
}

/** Functions that load the commands of these words when they are called. */
export type CommandLoaders = Readonly<
  Record<string, (extensions: readonly Extension[]) => Promise<Command>>
>;

/** Commands of a group of the help. */
export interface CommandSet {
  /** One word, as in `holdfast help data`. @default the help does not list them */
  readonly group?: string;
  /** The title of a group that no other set has. */
  readonly title?: string;
  readonly load: CommandLoaders;
}

/** The part of an extension in `holdfast serve`. */
export interface Serving {
  readonly options: readonly OptionDefinition[];
  /** Returns the gateways that the options of a line ask for, before the service starts. */
  // deno-lint-ignore no-explicit-any -- see `defineServing`
  gateways?(flags: any): Promise<readonly Gateway[]>;
  /** Adds further tokens to those of a service, if the options of a line ask for it. */
  // deno-lint-ignore no-explicit-any -- see `defineServing`
  tokens?(flags: any, parts: ServedTokens): Promise<TokenCheck | undefined>;
  /**
   * Serves in place of this process, if the options of a line ask for it. Resolves to an exit code
   * other than 0.
   */
  instead?(
    // deno-lint-ignore no-explicit-any -- see `defineServing`
    flags: any,
    context: CommandContext,
    extensions: readonly Extension[],
  ): Promise<number | void> | undefined;
}

/** The tokens of a service, and what a check of them needs. */
export interface ServedTokens extends Pick<CommandContext, "io" | "logger"> {
  readonly tokens: TokenCheck | undefined;
}

export function defineServing<const Options extends readonly OptionDefinition[]>(
  serving: {
    readonly options: Options;
    gateways?(flags: FlagsOf<Options>): Promise<readonly Gateway[]>;
    tokens?(flags: FlagsOf<Options>, parts: ServedTokens): Promise<TokenCheck | undefined>;
    instead?(
      flags: FlagsOf<Options>,
      context: CommandContext,
      extensions: readonly Extension[],
    ): Promise<number | void> | undefined;
  },
): Serving {
  return serving;
}
