// How near hosts are. A service may lead its clients only to hosts that are as far as itself: else a
// malicious one could let them send requests to their own machine or network.
import { builtinModule } from "../system.ts";

/**
 * Returns the addresses of a host name.
 *
 * @internal
 */
export type HostLookup = (host: string) => Promise<readonly { address: string }[]>;

/** An IPv4 address in one of version 6: compatible, mapped, translated, 6to4. */
const EMBEDDED = /^6(?:0{24}|0{20}ffff|0{16}ffff0000|0064ff9b0{16}|2002(?=.{28}$))(.{8})/;

/** Versions and hexadecimal digits of addresses: all, private or reserved, on one link, on this machine. */
const NEAR = [
  /^/,
  /^4(0a|ac1|c0a8|64[4-7]|c61[23]|c0000[02]|c63364|cb0071|[ef])|^6([^23]|20010([01]|db8)|3fff0)/,
  /^4a9fe|^6fe[89ab]/,
  /^4(00|7f)/,
];

/** Returns 0 for a public address, 1 in a private network, 2 on one link, 3 on this machine. */
export function nearnessOf(address: string): number {
  const digits = digitsOf(address).replace(EMBEDDED, "4$1");
  return NEAR.findLastIndex((form) => form.test(digits));
}

/** Returns `4` and 8 hexadecimal digits, or `6` and 32. */
function digitsOf(address: string): string {
  const hex = (part: string, length: number) => part.padStart(length, "0");
  if (!address.includes(":")) {
    return `4${address.split(".").map((part) => hex(Number(part).toString(16), 2)).join("")}`;
  }
  const { hostname = "" } = URL.parse(`http://[${address.replace(/%.*/, "")}]`) ?? {};
  const [head = "", tail = ""] = hostname.slice(1, -1).split("::").map((part) =>
    part.split(":").filter(Boolean).map((group) => hex(group, 4)).join("")
  );
  return `6${head}${hex(tail, 32 - head.length)}`;
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
