// The address of a client behind reverse proxies.
import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import { invalid } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";

/**
 * Returns a function for the address of the sender of a request. From `X-Forwarded-For`, it takes
 * the last address that is not a trusted proxy: others can be forged.
 *
 * @param proxies addresses, or blocks of them such as `10.0.0.0/8`
 * @throws {RegistryError} `Invalid` for anything else
 */
export function createClientAddress(
  proxies: readonly string[],
): (request: Pick<IncomingMessage, "socket" | "headers">) => string | undefined {
  if (proxies.length === 0) return ({ socket }) => plain(socket.remoteAddress);
  const trusted = new BlockList();
  for (const proxy of proxies) addTo(trusted, proxy);
  const isTrusted = (address: string) => trusted.check(address, familyOf(address));
  return ({ socket, headers }) => {
    let client = plain(socket.remoteAddress);
    if (client === undefined || !isTrusted(client)) return client;
    const forwarded = [headers["x-forwarded-for"] ?? []].flat().join(",").split(",");
    for (const text of forwarded.reverse()) {
      const address = plain(text.trim().replace(/^\[(.*)\](:\d+)?$|^([\d.]+):\d+$/, "$1$3"));
      if (address === undefined) break; // not an address
      client = address;
      if (!isTrusted(client)) break;
    }
    return client;
  };
}

function addTo(list: BlockList, text: string): void {
  const [address = "", bits, ...rest] = text.split("/");
  const length = isIP(address) === 4 ? 32 : 128;
  const isGood = isIP(address) > 0 && rest.length === 0 &&
    (bits === undefined || /^\d{1,3}$/.test(bits) && Number(bits) <= length);
  if (!isGood) {
    throw invalid("trust the proxy", shown(text), "it is not an IP address", {
      hint: "Pass an address, or a block of them such as 10.0.0.0/8.",
    });
  }
  if (bits === undefined) list.addAddress(address, familyOf(address));
  else list.addSubnet(address, Number(bits), familyOf(address));
}

/** Returns an address without the prefix of IPv4 in IPv6, undefined for anything else. */
function plain(text: string | undefined): string | undefined {
  const address = text?.replace(/^::ffff:(?=[\d.]+$)/i, "");
  return address !== undefined && isIP(address) > 0 ? address : undefined;
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 4 ? "ipv4" : "ipv6";
}
