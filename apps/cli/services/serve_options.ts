// The options of `holdfast serve`.
import type { Extension } from "../program/extension.ts";
import type { FlagsOf, OptionDefinition } from "../program/command.ts";
import { parseBytes, parseDuration, parsePort, parsePositive } from "../terminal/units.ts";

export const DEFAULT_PORT = 8600;
export const DEFAULT_HOST = "127.0.0.1";
export const DEFAULT_STOP_MS = 30_000;

const SERVE_OPTIONS = [
  {
    flags: "--port <port>",
    text: `the port; 0 for any free one (default: ${DEFAULT_PORT})`,
    parse: parsePort,
  },
  { flags: "--host <host>", text: `the address to listen on (default: ${DEFAULT_HOST})` },
  { flags: "--read-only", text: "refuse every write" },
  {
    flags: "--tokens <file>",
    text: "require a token of this file; - for its content from standard input",
    completes: "file",
  },
  { flags: "--cert <file>", text: "TLS certificate and chain, PEM", completes: "file" },
  { flags: "--key <file>", text: "private key of the certificate, PEM", completes: "file" },
  {
    flags: "--cors <origin>",
    text: "allow pages of this origin; * for all, read-only without --tokens",
    repeat: true,
  },
  { flags: "--allow-host <name>", text: "without tokens: accept this host name", repeat: true },
  {
    flags: "--redirect",
    text: "let clients read and send large files by URLs of the bucket, where they can reach it",
  },
  { flags: "--local-files", text: "let admin tokens save files of this machine by their paths" },
  {
    flags: "--max-body <size>",
    text: "maximum size of a JSON body with files (default: 32MiB)",
    parse: parseBytes,
  },
  {
    flags: "--max-upload <size>",
    text: "maximum size of an upload, and of joined files (default: none)",
    parse: parseBytes,
  },
  {
    flags: "--max-requests <count>",
    text: "maximum requests per second, per token or else per address",
    parse: parsePositive,
  },
  {
    flags: "--max-connections <count>",
    text: "maximum number of connections (default: 4096)",
    parse: parsePositive,
  },
  {
    flags: "--stop-within <duration>",
    text: "how long to wait for running requests (default: 30s)",
    parse: parseDuration,
  },
  { flags: "--log", text: "log each request to standard error" },
  {
    flags: "--audit <file>",
    text: "append changes and refused requests as JSON lines; - for standard output",
    completes: "file",
  },
  {
    flags: "--trusted-proxy <address>",
    text: "trust X-Forwarded-For of this proxy, or of a block: 10.0.0.0/8",
    repeat: true,
  },
] as const satisfies readonly OptionDefinition[];

export type ServeFlags = FlagsOf<typeof SERVE_OPTIONS>;

/** Returns all options, with those of extensions. Two extensions may share one. */
export function serveOptions(extensions: readonly Extension[]): readonly OptionDefinition[] {
  const others = new Set(extensions.flatMap(({ serving }) => serving?.options ?? []));
  return [...SERVE_OPTIONS, ...others];
}
