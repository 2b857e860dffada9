// Which addresses are the world's: who may name a URL shall not reach what only this machine, or
// its network, can.
import { BlockList, isIP } from "node:net";

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
