// Servers that plugins are on, given by a URL or by the parts of one.
import { type Setting, text } from "./settings.ts";

/** The environment says numbers as text. */
const port: Setting = {
  problemOf: (value) =>
    /^[0-9]{1,5}$/.test(String(value)) ? undefined : "it is no number of a port",
};

const database: Setting = {
  problemOf: (value) =>
    /^[^\s/?#]+$/.test(String(value)) ? undefined : "it is no number and no name of a database",
};

/** The settings that say where a server is: a URL, or the parts of one. */
export const SERVER: Readonly<Record<string, Setting>> = {
  url: text,
  host: text,
  port,
  db: database,
  user: text,
  password: text,
};

export const REDIS_ENVIRONMENT: Readonly<Record<string, string>> = {
  host: "REDIS_HOST",
  port: "REDIS_PORT",
  db: "REDIS_DB",
  user: "REDIS_USERNAME",
  password: "REDIS_PASSWORD",
};

export const SERVER_SECRETS: readonly string[] = ["password", "url"];

/** The URL of a server, with what is asked for there, `?queue=mine`. What is given as a URL counts before its parts. */
export function serverUrl(
  kind: "redis" | "postgres",
  // deno-lint-ignore no-explicit-any -- checked by the schema of its plugin
  settings: any,
  asked: Readonly<Record<string, string | undefined>>,
): string {
  const defaults = {
    redis: { port: 6379, db: 0, user: "" },
    postgres: { port: 5432, db: undefined, user: "postgres" },
  }[kind];
  const { host = "127.0.0.1", port = defaults.port, user = defaults.user, password } = settings;
  const { db = defaults.db ?? user } = settings;
  const secret = password === undefined ? "" : `:${encodeURIComponent(password)}`;
  const account = user === "" && secret === "" ? "" : `${encodeURIComponent(user)}${secret}@`;
  const place = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  const url = settings.url ?? `${kind}://${account}${place}:${port}/${encodeURIComponent(db)}`;
  if (!URL.canParse(url)) return url; // whoever opens it says that it is none
  const named = new URL(url);
  const given = Object.entries(asked).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) named.searchParams.set(name, value!);
  return given.length === 0 ? url : named.href;
}
