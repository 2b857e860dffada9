// How near hosts are. A service may lead its clients only to hosts that are as far as itself: else a
// malicious one could let them send requests to their own machine or network.
import { builtinModule } from "../system.ts";

/** Returns the addresses of a host name. */
export type HostLookup = (host: string) => Promise<readonly { address: string }[]>;

/** Addresses by nearness: all, in a private network or reserved, on one link, on this machine. */
const NEAR = [
  /^/,
  /^(10|172\.(1[6-9]|2\d|3[01])|192\.168|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])|198\.1[89]|2(2[4-9]|[3-5]\d))\.|^\[(?![23]...:)/,
  /^169\.254\.|^\[fe[89ab].:/,
  /^(0|127)\.|^\[::1?\]/,
];

/** Returns 0 for a public address, 1 in a private network, 2 on one link, 3 on this machine. */
export function nearnessOf(address: string): number {
  const usual = address.includes(":")
    ? URL.parse(`http://[${address.replace(/%.*/, "")}]`)?.hostname ?? ""
    : address;
  const text = usual.replace(
    /^\[(?:::ffff:|64:ff9b::|2002:)(\w*):?(\w*).*/,
    (_, ...groups) =>
      groups.slice(0, 2).map((group) => Number(`0x0${group}`))
        .flatMap((group) => [group >> 8, group & 255]).join("."),
  ); // the IPv4 address in it
  return NEAR.findLastIndex((form) => form.test(text));
}

/**
 * Returns whether a URL of one host may lead to another. It looks names up, and so does the request
 * that follows: a name whose address changes between them is not noticed. A name without address,
 * such as one that only a proxy resolves, counts as public.
 */
export async function mayLead(from: URL, to: URL, lookup: HostLookup = bySystem): Promise<boolean> {
  const target = Math.max(0, ...await nearnessesOf(to.hostname, lookup));
  if (target === 0) return true;
  const source = await nearnessesOf(from.hostname, lookup);
  return source.length > 0 && target <= Math.min(...source);
}

async function nearnessesOf(host: string, lookup: HostLookup): Promise<number[]> {
  if (/(^|\.)localhost\.?$/.test(host)) return [3];
  const isAddress = /^[\d.]+$|^\[/.test(host);
  const found = isAddress
    ? [{ address: host.replace(/[[\]]/g, "") }]
    : await lookup(host).catch(() => []);
  return found.map(({ address }) => nearnessOf(address));
}

const bySystem: HostLookup = async (host) =>
  await builtinModule<typeof import("node:dns/promises")>("node:dns/promises")
    ?.lookup(host, { all: true }) ?? [];
