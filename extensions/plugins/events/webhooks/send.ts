// Sends a webhook once, to a checked address, without redirects.
import { lookup as systemLookup } from "node:dns";
import { request as requestByHttp } from "node:http";
import { request as requestByHttps } from "node:https";
import { BlockList, isIP } from "node:net";
import type { System } from "../../../../mod.ts";
import { fault, itemAt, messageOf, RegistryError } from "../../../../core/kernel.ts";

/** An address of a host. */
export interface HostAddress {
  /** `203.0.113.7` or `2001:db8::7`. */
  address: string;
  /** 4 or 6. */
  family: number;
}

/** Resolves a host name. */
export type HostLookup = (host: string) => Promise<readonly HostAddress[]>;

interface SendOptions {
  headers: Record<string, string>;
  body: Uint8Array;
  allowPrivate: boolean;
  timeoutMs: number;
  signal: AbortSignal;
  lookup?: HostLookup;
  /** Called if the target does not answer in time. */
  onSilent?(): void;
  system: System;
}

/**
 * Posts to a URL and returns the status; does not read the body. Connects to the checked address,
 * also if the name resolves to another one meanwhile.
 *
 * @throws {RegistryError} `Denied` for a private address; `Unavailable` without an answer
 */
export async function sendWebhook(url: URL, options: SendOptions): Promise<number> {
  const { headers, body, allowPrivate, timeoutMs, signal, lookup = lookupByDns, system } = options;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  // Cleared with the request: a running timer would keep the program alive.
  const deadline = new AbortController();
  const answered = new AbortController();
  system.sleep(timeoutMs, answered.signal).then(() => deadline.abort(), () => {});
  const ended = AbortSignal.any([signal, deadline.signal]);
  const checked = async (): Promise<readonly HostAddress[]> => {
    const family = isIP(host);
    const addresses = family === 0 ? await lookup(host) : [{ address: host, family }];
    if (addresses.length === 0) throw unavailable(url, "the host has no address");
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
    if (deadline.signal.aborted) options.onSilent?.();
    throw unavailable(
      url,
      deadline.signal.aborted ? `no answer within ${timeoutMs} ms` : messageOf(error),
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
  const { address, family } = itemAt(addresses, 0); // `checked` refuses a host without any
  const send = url.protocol === "https:" ? requestByHttps : requestByHttp;
  return new Promise((resolve, reject) => {
    const request = send(url, {
      method: "POST",
      agent: false, // a new connection, to the checked address
      headers: { ...headers, "content-length": String(body.byteLength) },
      lookup: (_host, { all }, found) => {
        if (all) found(null, [...addresses]);
        else found(null, address, family);
      },
      signal,
    }, (response) => {
      resolve(response.statusCode ?? 0);
      response.on("error", () => {}); // destroyed before its body arrives
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

/** Errors contain only the host: paths and parameters may be secrets. */
function denied({ host }: URL): RegistryError {
  return fault({
    code: "Denied",
    action: "deliver to",
    subject: host,
    state: "its address is private",
    hint: "Add the host to allowPrivate, or set allowPrivate to true for all private networks.",
  });
}

function unavailable({ host }: URL, state: string): RegistryError {
  return fault({
    code: "Unavailable",
    action: "deliver to",
    subject: host,
    state: state.replace(/[.\s]+$/, ""),
    hint: "Check the target; remaining attempts follow.",
  });
}

/** Special-purpose addresses of IANA (RFC 6890 and later) and multicast. */
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
/**
 * In IPv6 only 2000::/3 is public, except Teredo, documentation and 6to4, which hides addresses.
 */
const NOT_PUBLIC_V6: readonly [string, number][] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

const notPublic = new BlockList();
for (const [net, prefix] of NOT_PUBLIC_V4) notPublic.addSubnet(net, prefix, "ipv4");
for (const [net, prefix] of NOT_PUBLIC_V6) notPublic.addSubnet(net, prefix, "ipv6");
const world = new BlockList();
world.addSubnet("2000::", 3, "ipv6");

export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !notPublic.check(address, "ipv4");
  return family === 6 && world.check(address, "ipv6") && !notPublic.check(address, "ipv6");
}
