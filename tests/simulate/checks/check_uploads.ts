// Checks that of resumable uploads only bytes count whose checksum matched.
import { describeOperation } from "../operation_log.ts";
import { RIGHT } from "../verbs/uploads.ts";
import type { Evidence } from "./evidence.ts";
import type { Finding } from "./violation.ts";

/** Checks the uploads of a run. */
export function checkUploads({ operations }: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const operation of operations) {
    const { request, outcome, returned } = operation;
    const say = (state: string) => {
      findings.push({
        promise: "an acknowledged change is kept",
        message: `${describeOperation(operation)}: ${state}`,
      });
    };
    if (
      request.verb === "readUpload" && outcome?.ok && "read" in outcome &&
      outcome.read.label !== RIGHT
    ) {
      say("bytes count that have no right checksum");
    }
    if (request.verb !== "appendPiece" || !outcome?.ok || !("offset" in outcome)) continue;
    if (request.damaged) say("a wrong checksum was accepted");
    const { offset } = outcome;
    const less = operations.find((later) => {
      const found = later.request.verb === "uploadOffset" && later.request.id === request.id &&
        later.outcome;
      return found && found.ok && "offset" in found && later.invoked.order >= returned!.order &&
        found.offset < offset;
    });
    if (less !== undefined) say(`later: ${describeOperation(less)}`);
  }
  return findings;
}
