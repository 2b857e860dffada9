// Rows of operations: what a client does not send.
import { assertEquals } from "@std/assert";
import { METHODS } from "../../../core/options/methods.ts";
import type { OperationRow } from "../../../core/registry/operations/row.ts";

/** Why a client does not send options of methods that have a route. */
const NOT_SENT: Readonly<Record<string, string>> = {
  signal: "it ends the request",
  onProgress: "it stays in the program",
  version: "a ref has it in the path",
  after: "a list is read in pages",
  limit: "a list is read in pages",
  "delete.allVersions": "it is another route",
  "versions.annotations": "clients ask for details",
};

Deno.test("a client sends each option of a method that has a route, or there is a reason", () => {
  const silent = Object.entries<OperationRow>(METHODS).flatMap(([method, row]) =>
    row.route === undefined ? [] : Object.entries(row.options).flatMap(([name, { sent }]) => {
      const isKnown = name in NOT_SENT &&
        (name !== "version" || row.takes.includes("ref")) &&
        (!/^(after|limit)$/.test(name) || row.effect === "lists");
      return sent !== undefined || isKnown ? [] : [`${method}.${name}`];
    })
  );
  const reasons = Object.keys(NOT_SENT).filter((name) => name.includes("."));
  assertEquals(silent.sort(), reasons.sort(), "the service would not know the option: add `sent`");
});
