// The URL of a queue or an engine.
import type { CommandContext } from "../program/command.ts";
import { invalid } from "../terminal/hints.ts";

/** The variable with the URL of an engine or a queue. */
export const ENGINE_VARIABLE = "HOLDFAST_ENGINE";

/** The option with the URL of a queue. */
export const QUEUE_OPTION: { readonly flags: "--queue <url>"; readonly text: string } = {
  flags: "--queue <url>",
  text: "redis://host:6379, postgres://host/database; add ?queue=NAME for a separate queue " +
    `(default and required for a URL with a password: ${ENGINE_VARIABLE})`,
};

/** The queue of a service, for its jobs and for its uploads. */
export const SERVED_QUEUE_OPTION: { readonly flags: "--queue <url>"; readonly text: string } = {
  flags: "--queue <url>",
  text: "the queue of /jobs, such as redis://127.0.0.1:6379",
};

/**
 * Returns the URL of an engine or queue, as given or from the environment.
 *
 * @throws {RegistryError} `Invalid` without a URL, and for one with a password on the command line
 */
export function engineUrl(
  named: string | true | undefined,
  { io }: Pick<CommandContext, "io">,
  flag: string,
): string {
  const url = typeof named === "string" ? named : io.system.env(ENGINE_VARIABLE);
  if (!url) {
    const hint = `Add ${flag} redis://127.0.0.1:6379`;
    throw invalid("connect to an engine", `neither ${flag} nor ${ENGINE_VARIABLE} is set`, hint);
  }
  if (typeof named === "string") refusePassword(named, flag, ENGINE_VARIABLE);
  return url;
}

/** Returns the URL of the queue of a service; undefined if it has none. */
export function servedQueueUrl(
  named: string | undefined,
  context: Pick<CommandContext, "io">,
): string | undefined {
  if (named === undefined && !context.io.system.env(ENGINE_VARIABLE)) return undefined;
  const url = engineUrl(named, context, "--queue");
  refuseMemory(url);
  return url;
}

/** Refuses a URL of the command line with a password, which some drivers take as a parameter. */
export function refusePassword(url: string, flag: string, variable: string): void {
  const { password, searchParams } = URL.parse(url) ?? {};
  if (!password && !searchParams?.has("password")) return;
  throw invalid(
    `take a password from ${flag}`,
    "every user of this machine can see command lines",
    `Set ${variable} to the URL, and leave it out of the command line.`,
  );
}

/** Throws `Invalid` for a queue in memory, which no other process reaches. */
export function refuseMemory(url: string): void {
  if (!/^memory:/i.test(url)) return;
  const hint = "Use a server: --queue redis://127.0.0.1:6379";
  throw invalid("use a queue in memory", "no other process can add jobs to it", hint);
}
