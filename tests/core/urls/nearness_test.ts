import { assertEquals } from "@std/assert";
import { mayLead, nearnessOf } from "../../../core/urls/nearness.ts";
import TABLE from "../../fixtures/nearness.json" with { type: "json" };

const cases = Object.entries(TABLE.addresses)
  .flatMap(([near, addresses]) => addresses.map((address) => ({ address, near: Number(near) })));

Deno.test("addresses are public, private, of one link or of this machine", () => {
  for (const { address, near } of cases) assertEquals(nearnessOf(address), near, address);
});

Deno.test("a host may lead to all that are not nearer than itself", async () => {
  const never = () => Promise.reject(new Error("an address is not looked up"));
  const urlOf = (address: string) =>
    new URL(`https://${address.includes(":") ? `[${address.replace(/%.*/, "")}]` : address}:9/x`);
  for (const from of cases) {
    for (const to of cases) {
      const may = await mayLead(urlOf(from.address), urlOf(to.address), never);
      assertEquals(may, to.near <= from.near, `${from.address} to ${to.address}`);
    }
  }
});

Deno.test("hosts in other forms are as near as their addresses", async () => {
  const never = () => Promise.reject(new Error("an address is not looked up"));
  for (const [near, hosts] of Object.entries(TABLE.hosts)) {
    for (const host of hosts) {
      for (const [at, from] of ["8.8.8.8", "10.0.0.1", "169.254.1.1", "127.0.0.1"].entries()) {
        const source = new URL(`http://${from}/`);
        const may = await mayLead(source, new URL(`http://${host}/`), never);
        assertEquals(may, Number(near) <= at, `${from} to ${host}`);
      }
    }
  }
});

Deno.test("a name is as near as its nearest address to lead to, and as its farthest to lead from", async () => {
  const names: Record<string, string[]> = {
    inside: ["10.0.0.1"],
    outside: ["8.8.8.8"],
    both: ["8.8.8.8", "10.0.0.1"],
    six: ["::1"],
    none: [],
  };
  const lookup = (host: string) => {
    if (host === "lost") return Promise.reject(new Error("ENOTFOUND"));
    return Promise.resolve(names[host]!.map((address) => ({ address })));
  };
  const may = (from: string, to: string) =>
    mayLead(new URL(`http://${from}`), new URL(`http://${to}`), lookup);
  for (
    const [from, to, expected] of [
      ["outside", "outside", true],
      ["outside", "inside", false],
      ["outside", "both", false],
      ["both", "inside", false],
      ["inside", "both", true],
      ["inside", "six", false],
      ["six", "inside", true],
      ["lost", "inside", false],
      ["none", "inside", false],
      ["lost", "lost", true],
      ["outside", "lost", true],
      ["outside", "none", true],
    ] as const
  ) assertEquals(await may(from, to), expected, `${from} to ${to}`);
});
