import { constants } from "node:os";
import { assertEquals } from "@std/assert";
import { errorCode } from "../../../core/faults/errno.ts";
import { DISK_FAULTS } from "../../../core/faults/meanings.ts";

const known = Object.keys(DISK_FAULTS).filter((name) =>
  name in constants.errno
) as (keyof typeof constants.errno)[];

Deno.test("an error of the system has its name, however a runtime writes it", () => {
  for (const name of known) {
    const number = constants.errno[name];
    const written = [
      Object.assign(new Error("x"), { code: name }),
      new Error(`what the system says (os error ${number})`), // Deno, writes
      Object.assign(new Error("x"), { code: "UNKNOWN", errno: -number }), // Deno, opens
      Object.assign(new Error("x"), { code: `Unknown system error -${number}`, errno: -number }),
    ];
    for (const error of written) {
      const found = errorCode(error)!; // EAGAIN and EWOULDBLOCK are one number
      assertEquals(constants.errno[found as typeof name], number, `${name} ${found}`);
    }
  }
});

Deno.test("other errors have no name", () => {
  const others = [undefined, null, "ENOSPC", new Error("x"), { code: "UNKNOWN" }, { errno: "5" }];
  for (const error of others) assertEquals(errorCode(error), undefined);
});
