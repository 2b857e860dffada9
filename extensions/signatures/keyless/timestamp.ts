// Timestamp authorities (RFC 3161): each signs that a signature existed at a time.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { ask, type AskOptions, wrongAnswer } from "./ask.ts";

/** Returns the timestamp of a signature, DER. */
export async function timestampOf(
  signature: Uint8Array,
  url: string,
  options: AskOptions,
): Promise<Uint8Array> {
  const digest = createHash("sha256").update(signature).digest();
  const asked = { action: "get a timestamp from", url };
  const type = "application/timestamp-query", body = new Uint8Array(queryOf(digest));
  const answer = Buffer.from(await ask({ ...asked, type, body }, options));
  const isOfIt = answer[0] === SEQUENCE && answer.includes(digest);
  if (!isOfIt) throw wrongAnswer(asked, "its answer is not a timestamp of this signature");
  return answer;
}

const SEQUENCE = 0x30;
/** An AlgorithmIdentifier: SHA-256. */
const SHA_256 = Buffer.from("300d06096086480165030402010500", "hex");
const VERSION_1 = Buffer.from("020101", "hex"), WITH_CERTIFICATE = Buffer.from("0101ff", "hex");

/** Returns a TimeStampReq, DER. Nobody has asked for this digest before, so it needs no nonce. */
function queryOf(digest: Uint8Array): Uint8Array {
  const imprint = element(SEQUENCE, SHA_256, element(0x04, digest));
  return element(SEQUENCE, VERSION_1, imprint, WITH_CERTIFICATE);
}

function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
}
