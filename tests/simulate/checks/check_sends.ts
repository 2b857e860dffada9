// Checks that no operation sends a record after its deadline: what arrives later may refer to what
// was collected.
import { describeOperation } from "../operation_log.ts";
import type { Evidence } from "./evidence.ts";
import type { Finding } from "./violation.ts";

/** What each of these does, it does as one operation of the protocol. */
const SINGLE = ["save", "delete", "setAlias", "deleteAlias", "commitUpload", "commitDraft"];

/** Checks when records were sent. */
export function checkSends({ operations }: Evidence): Finding[] {
  return operations.flatMap((operation): Finding[] =>
    SINGLE.includes(operation.request.verb) && operation.lateSends.length > 0
      ? [{
        promise: "nothing is sent past the deadline",
        message: `${describeOperation(operation)}: sent ${operation.lateSends.join(" and ")}`,
      }]
      : []
  );
}
