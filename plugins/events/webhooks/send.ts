// Sends a webhook: once, to where its host name leads now, following nothing.
import { lookup as systemLookup } from "node:dns";
import { request as requestByHttp } from "node:http";
import { request as requestByHttps } from "node:https";
import { BlockList, isIP } from "node:net";
import { fault, messageOf, RegistryError } from "../../../core/errors.ts";
import type { System } from "../../../core/system.ts";

/** An address of a host. */
export interface HostAddress {
  /** As `203.0.113.7` or `2001:db8::7`. */
  address: string;
  /** 4 or 6. */
  family: number;
}

/** Finds the addresses of a host name. */
export type HostLookup = (host: string) => Promise<readonly HostAddress[]>;

export interface SendOptions {
  headers: Record<string, string>;
  body: Uint8Array;
  allowPrivate: boolean;
  /** How long it may take until there is an answer, milliseconds. */
  timeoutMs: number;
  signal: AbortSignal;
  /** Finds the addresses of its host. @default as the system does */
  lookup?: HostLookup;
  system: System;
}

/**
 * Posts to a URL and gives the status of the answer, whose body is not read. The connection goes to the address that was
 * looked at: a name that leads elsewhere a moment later leads nowhere.
 *
 * @throws {RegistryError} `Denied` for an address that is not public; `Unavailable` where there is no answer
 */
export async function sendWebhook(url: URL, options: SendOptions): Promise<number> {
  const { headers, body, allowPrivate, timeoutMs, signal, lookup = lookupByDns, system } = options;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  // Ended with the request: a timer that goes on would keep the program from ending.
  const deadline = new AbortController();
  const answered = new AbortController();
  system.sleep(timeoutMs, answered.signal).then(() => deadline.abort(), () => {});
  const ended = AbortSignal.any([signal, deadline.signal]);
  const checked = async (): Promise<readonly HostAddress[]> => {
    const family = isIP(host);
    const addresses = family === 0 ? await lookup(host) : [{ address: host, family }];
    if (addresses.length === 0) throw unavailable(url, "its host has no address");
    if (!allowPrivate && !addresses.every(({ address }) => isPublicAddress(address))) {
      throw denied(url);
    }
    return addresses;
  };
  try {
    const addresses = await untilEnded(checked(), ended);
    return await post(url, addresses, { headers, body, signal: ended });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RegistryError) throw error;
    throw unavailable(
      url,
      deadline.signal.aborted ? `it has not answered within ${timeoutMs} ms` : messageOf(error),
    );
  } finally {
    answered.abort();
  }
}

function post(
  url: URL,
  addresses: readonly HostAddress[],
  { headers, body, signal }: Pick<SendOptions, "headers" | "body" | "signal">,
): Promise<number> {
  const send = url.protocol === "https:" ? requestByHttps : requestByHttp;
  return new Promise((resolve, reject) => {
    const request = send(url, {
      method: "POST",
      agent: false, // a connection of its own, to the address that was checked
      headers: { ...headers, "content-length": String(body.byteLength) },
      lookup: (_host, { all }, found) => {
        if (all) found(null, [...addresses]);
        else found(null, addresses[0].address, addresses[0].family);
      },
      signal,
    }, (response) => {
      resolve(response.statusCode ?? 0);
      response.on("error", () => {}); // it is ended before its body has come
      response.destroy();
    });
    request.on("error", reject);
    request.end(body);
  });
}

function untilEnded<T>(outcome: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    outcome.then(resolve, reject);
  });
}

function lookupByDns(host: string): Promise<HostAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(
      host,
      { all: true },
      (error, addresses) => error === null ? resolve(addresses) : reject(error),
    );
  });
}

/** Paths and parameters of URLs that take webhooks may be secrets: only their host is named. */
function denied({ host }: URL): RegistryError {
  return fault({
    code: "Denied",
    action: "deliver to",
    subject: host,
    state: "its address is not public",
    hint: "Pass allowPrivate, or its host in it, where webhooks may reach this network.",
  });
}

function unavailable({ host }: URL, state: string): RegistryError {
  return fault({
    code: "Unavailable",
    action: "deliver to",
    subject: host,
    state: state.replace(/[.\s]+$/, ""),
    hint: "It is tried again, as far as attempts are left.",
  });
}

/** What is not the world's: the special-purpose registries of IANA (RFC 6890 and what came after it), and multicast. */
const NOT_PUBLIC_V4: readonly [string, number][] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];
/** In IPv6 only 2000::/3 is the world's, but for these: Teredo and others, documentation, 6to4, which hides addresses. */
const NOT_PUBLIC_V6: readonly [string, number][] = [["2001::", 23], ["2001:db8::", 32], [
  "2002::",
  16,
], ["3fff::", 20]];

const notPublic = new BlockList();
for (const [net, prefix] of NOT_PUBLIC_V4) notPublic.addSubnet(net, prefix, "ipv4");
for (const [net, prefix] of NOT_PUBLIC_V6) notPublic.addSubnet(net, prefix, "ipv6");
const world = new BlockList();
world.addSubnet("2000::", 3, "ipv6");

/** Whether an address, as `203.0.113.7` or `2001:db8::7`, is one of the public Internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !notPublic.check(address, "ipv4");
  return family === 6 && world.check(address, "ipv6") && !notPublic.check(address, "ipv6");
}
