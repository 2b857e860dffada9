import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { isPublicAddress } from "../../../../../extensions/plugins/events/webhooks/send.ts";

Deno.test("private and reserved addresses are not public", () => {
  const inside = [
    "",
    ..."0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 127.0.0.1 127.255.0.1".split(" "),
    ..."169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1".split(" "),
    ..."192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.7 224.0.0.1".split(" "),
    ..."239.1.1.1 240.0.0.1 255.255.255.255 :: ::1 ::ffff:8.8.8.8 ::ffff:127.0.0.1".split(" "),
    ..."::7f00:1 64:ff9b::808:808 100::1 fc00::1 fd12::1 fe80::1 fec0::1 ff02::1 2001::1".split(
      " ",
    ),
    ..."2001:db8::1 2002:7f00:1:: 3fff::1 4000::1 localhost 8.8.8 8.8.8.8.8 1e100.net".split(" "),
    ..."fe80::1%eth0".split(" "),
  ];
  assertEquals(inside.filter(isPublicAddress), []);
});

Deno.test("public addresses are public", () => {
  const world = [
    ..."8.8.8.8 1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0".split(" "),
    ..."126.255.255.255 172.15.0.1 172.32.0.0 192.167.1.1 223.255.255.255".split(" "),
    ..."2606:4700::1111 2a00:1450::1".split(" "),
  ];
  for (const address of world) assert(isPublicAddress(address), address);
});

Deno.test("no IPv4 address within IPv6 is public", () => {
  fc.assert(fc.property(fc.ipV4(), (address) => {
    const hex = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0")).join(
      "",
    );
    const short = `${hex.slice(0, 4)}:${hex.slice(4)}`;
    for (const form of [`::ffff:${short}`, `::${short}`, `2002:${short}::1`, `64:ff9b::${short}`]) {
      assert(!isPublicAddress(form), form);
    }
  }));
});
