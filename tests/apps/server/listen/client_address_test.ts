import { assertEquals, assertThrows } from "@std/assert";
import { createClientAddress } from "../../../../apps/server/listen/client_address.ts";
import { RegistryError } from "../../../../mod.ts";

function addressOf(proxies: readonly string[], remoteAddress: string, forwarded?: string) {
  const request = { socket: { remoteAddress }, headers: { "x-forwarded-for": forwarded } };
  return createClientAddress(proxies)(
    request as unknown as Parameters<ReturnType<typeof createClientAddress>>[0],
  );
}

Deno.test("only what trusted proxies added names the client", () => {
  const proxies = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"];
  const cases: [socket: string, forwarded: string | undefined, client: string][] = [
    ["127.0.0.1", "192.0.2.1", "192.0.2.1"],
    ["::ffff:127.0.0.1", "192.0.2.1", "192.0.2.1"],
    ["127.0.0.1", "203.0.113.9, 192.0.2.1", "192.0.2.1"], // the first is the client's claim
    ["127.0.0.1", "192.0.2.1, 10.1.2.3", "192.0.2.1"],
    ["127.0.0.1", "10.1.2.3", "10.1.2.3"],
    ["fd00::1", "2001:db8::5", "2001:db8::5"],
    ["fd00::1", "[2001:db8::5]:443", "2001:db8::5"],
    ["127.0.0.1", "192.0.2.1:1234", "192.0.2.1"],
    ["127.0.0.1", "unknown", "127.0.0.1"],
    ["127.0.0.1", "192.0.2.1, garbage", "127.0.0.1"],
    ["127.0.0.1", undefined, "127.0.0.1"],
    ["192.0.2.50", "203.0.113.9", "192.0.2.50"], // not a proxy
  ];
  for (const [socket, forwarded, client] of cases) {
    assertEquals(addressOf(proxies, socket, forwarded), client, `${socket} ${forwarded}`);
  }
  assertEquals(addressOf([], "127.0.0.1", "192.0.2.1"), "127.0.0.1");
});

Deno.test("a proxy that is not an address is refused", () => {
  for (const proxy of ["", "proxy", "10.0.0.0/33", "10.0.0.0/8/8", "10.0.0/8", "fd00::/129", "*"]) {
    assertThrows(() => createClientAddress([proxy]), RegistryError, "is not an IP address");
  }
});
