// The proxies that the environment names.
import type { System } from "../system.ts";

interface NamedProxy {
  /** The variable, such as `HTTPS_PROXY`. */
  name: string;
  /** Undefined if the variable is not the URL of an HTTP proxy, but that of SOCKS, for example. */
  url?: URL;
}

const PROXIES = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"].flatMap(bothCases);
const EXCEPTIONS = bothCases("NO_PROXY");

function bothCases(name: string): string[] {
  return [name, name.toLowerCase()];
}

/** Returns the variables that name a proxy. Without a scheme, `host:port` is an HTTP proxy, as for `curl`. */
export function namedProxies({ env }: Pick<System, "env">): NamedProxy[] {
  return PROXIES.flatMap((name) => {
    const value = env(name);
    return value ? [{ name, url: parseProxy(value) }] : [];
  });
}

function parseProxy(value: string): URL | undefined {
  const url = URL.parse(/^[^/]+:\d+\/?$/.test(value) ? `http://${value}` : value);
  return url !== null && /^https?:$/.test(url.protocol) ? url : undefined;
}

/** Returns the hosts that need no proxy, as they are in `NO_PROXY`. */
export function proxyExceptions({ env }: Pick<System, "env">): string {
  return EXCEPTIONS.map(env).find((value) => value) ?? "";
}

/**
 * Returns the option `proxyEnv` of an agent of `node:http`: the HTTP proxies of the environment. An agent throws for
 * others, and does not know `ALL_PROXY`, which `fetch` of Deno uses.
 */
export function proxyVariables(system: Pick<System, "env">): Record<string, string | undefined> {
  const urls = new Map(namedProxies(system).map(({ name, url }) => [name, url?.href]));
  const proxyOf = (name: string) => urls.get(name) ?? urls.get(name.toLowerCase());
  const all = proxyOf("ALL_PROXY");
  return {
    HTTP_PROXY: proxyOf("HTTP_PROXY") ?? all,
    HTTPS_PROXY: proxyOf("HTTPS_PROXY") ?? all,
    NO_PROXY: proxyExceptions(system),
  };
}
