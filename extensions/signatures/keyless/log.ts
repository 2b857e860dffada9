// Rekor, the transparency log of Sigstore: an entry proves that a signature existed at a time.
import { Buffer } from "node:buffer";
import { isJsonObject, parseJson, sha256 } from "../../../core/kernel.ts";
import { fromBase64 } from "../bundle.ts";
import { membersOf } from "../statement.ts";
import { certificatesInPem, type ClaimedCertificate } from "../signers/certificates/pem.ts";
import { LATEST_S } from "./identity_token.ts";
import { type Asked, askJson, type AskOptions, urlBelow, wrongAnswer } from "./ask.ts";

export interface LogRequest {
  /** The URL of the log. */
  rekor: string;
  /** The signed statement in its envelope (DSSE). */
  envelope: object;
  payload: string;
  /** The signature, base64. */
  sig: string;
  certificate: Pick<ClaimedCertificate, "facts"> & { der: Uint8Array };
}

/** An entry as bundles have it. */
export interface LoggedEntry {
  entry: object;
  loggedAt: Date;
}

/** Adds a signature to the log, and compares the entry with it. */
export async function logged(request: LogRequest, options: AskOptions): Promise<LoggedEntry> {
  const { rekor, envelope, certificate } = request;
  const asked = { action: "add the signature to", url: urlBelow(rekor, "/api/v1/log/entries") };
  const verifier = Buffer.from(pemOf(certificate.der)).toString("base64");
  const proposedContent = { envelope: JSON.stringify(envelope), verifiers: [verifier] };
  const body = { apiVersion: "0.0.1", kind: "dsse", spec: { proposedContent } };
  const entries = Object.values(await askJson({ ...asked, body }, options));
  return readEntry(membersOf(entries[0]), request, asked);
}

function readEntry(
  { body, integratedTime, logID, logIndex, verification }: Record<string, unknown>,
  request: LogRequest,
  asked: Pick<Asked, "action" | "url">,
): LoggedEntry {
  const { inclusionProof, signedEntryTimestamp } = membersOf(verification);
  const proof = membersOf(inclusionProof), { hashes } = proof;
  const isEntry = isHex(logID) && isCount(logIndex) && isCount(integratedTime) &&
    integratedTime <= LATEST_S &&
    isHex(proof.rootHash) && isCount(proof.logIndex) && isCount(proof.treeSize) &&
    typeof proof.checkpoint === "string" && Array.isArray(hashes) && hashes.every(isHex) &&
    fromBase64(signedEntryTimestamp) !== undefined;
  if (!isEntry) throw wrongAnswer(asked, "its answer is not an entry with a proof");
  if (!isOf(body, request)) throw wrongAnswer(asked, "its entry is of another signature");
  const { validFrom, validTo } = request.certificate.facts,
    loggedAt = new Date(integratedTime * 1000);
  if (!(validFrom <= loggedAt && loggedAt <= validTo)) {
    const times = [loggedAt, validFrom, validTo].map((time) => time.toISOString());
    const state = `its time is ${times[0]}, and the certificate is valid from ${times[1]} to ${
      times[2]
    }`;
    throw wrongAnswer(asked, state);
  }
  const entry = {
    logIndex: String(logIndex),
    logId: { keyId: base64Of(logID) },
    kindVersion: { kind: "dsse", version: "0.0.1" },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp },
    inclusionProof: {
      logIndex: String(proof.logIndex),
      rootHash: base64Of(proof.rootHash as string),
      treeSize: String(proof.treeSize),
      hashes: hashes.map(base64Of),
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: body,
  };
  return { entry, loggedAt };
}

/** Returns true for the body of an entry of this signature, statement and certificate. */
function isOf(body: unknown, { payload, sig, certificate }: LogRequest): boolean {
  try {
    const value = parseJson(Buffer.from(fromBase64(body) ?? []).toString());
    const { kind, apiVersion, spec } = membersOf(value);
    const { payloadHash, signatures } = membersOf(spec);
    const [first, ...others] = Array.isArray(signatures) ? signatures : [];
    const { signature, verifier } = isJsonObject(first) ? first : {};
    const [der] = certificatesInPem(Buffer.from(fromBase64(verifier) ?? []).toString());
    return kind === "dsse" && apiVersion === "0.0.1" && others.length === 0 && signature === sig &&
      membersOf(payloadHash).value === sha256(payload) && der !== undefined &&
      der.equals(certificate.der);
  } catch {
    return false;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number >= 0;
}

function isHex(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function base64Of(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64");
}

function pemOf(der: Uint8Array): string {
  const lines = Buffer.from(der).toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
