// A Sigstore of tests: an authority, a log of certificates, a log of signatures.
import {
  initializeCA,
  initializeCTLog,
  initializeTLog,
  initializeTSA,
} from "npm:@sigstore/mock@^0.12.1";
import { Buffer } from "node:buffer";
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { signedBytes } from "../../../../extensions/signatures/statement.ts";

const PAYLOAD_TYPE = "application/vnd.in-toto+json";
export const ISSUER_OID = "1.3.6.1.4.1.57264.1.8";

/** An entry of the log. */
interface Logged {
  body: string;
  integratedTime: number;
  logIndex: number;
  verification: {
    signedEntryTimestamp: string;
    inclusionProof: { logIndex: number; rootHash: string; treeSize: number; checkpoint: string };
  };
}

/** How a signature is made; members that tests leave out are as they should be. */
export interface Made {
  identity?: string;
  issuer?: string;
  /** Signs in place of the key of the certificate. */
  key?: KeyObject;
}

export const ALICE = "https://github.com/acme/models/.github/workflows/train.yml@refs/heads/main";
export const ISSUER = "https://token.actions.githubusercontent.com";

export async function sigstore() {
  const pair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ct = await initializeCTLog(pair());
  const authority = await initializeCA(pair(), ct);
  const log = await initializeTLog("https://rekor.test", pair());
  const stamps = await initializeTSA(pair());
  const base64 = (bytes: ArrayBufferView) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  const validFor = { start: "2020-01-01T00:00:00Z" };
  const logOf = (publicKey: Buffer, keyId: string, baseUrl: string) => ({
    baseUrl,
    hashAlgorithm: "SHA2_256",
    publicKey: {
      rawBytes: base64(publicKey),
      keyDetails: "PKIX_ECDSA_P256_SHA_256",
      validFor,
    },
    logId: { keyId },
  });
  const logId = createHash("sha256").update(log.publicKey).digest("base64");
  const trustedRoot = JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [logOf(log.publicKey, logId, "https://rekor.test")],
    certificateAuthorities: [{
      subject: { organization: "acme", commonName: "sigstore" },
      uri: "https://fulcio.test",
      certChain: { certificates: [{ rawBytes: base64(authority.rootCertificate) }] },
      validFor,
    }],
    ctlogs: [logOf(ct.publicKey, base64(ct.logID), "https://ct.test")],
    timestampAuthorities: [{
      subject: { organization: "acme", commonName: "timestamps" },
      uri: "https://tsa.test",
      certChain: {
        certificates: [stamps.intCertificate, stamps.rootCertificate].map((each) => ({
          rawBytes: base64(each),
        })),
      },
      validFor,
    }],
  });

  /** Signs a statement as a workflow does, and returns the bundle. */
  async function signed(payload: string, made: Made = {}) {
    const { identity = ALICE, issuer = ISSUER } = made;
    const { privateKey, publicKey } = pair();
    const certificate = await authority.issueCertificate({
      publicKey: publicKey.export({ type: "spki", format: "der" }),
      subjectAltName: identity,
      extensions: [{ oid: ISSUER_OID, value: issuer }],
    });
    const sig = sign("sha256", signedBytes(payload), made.key ?? privateKey).toString("base64");
    const pem = `-----BEGIN CERTIFICATE-----\n${
      base64(certificate).match(/.{1,64}/g)?.join("\n")
    }\n-----END CERTIFICATE-----\n`;
    const hash = (bytes: string | Uint8Array) => createHash("sha256").update(bytes).digest("hex");
    const envelope = {
      payload: Buffer.from(payload).toString("base64"),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ sig, keyid: "" }],
    };
    const entry = await log.log({
      apiVersion: "0.0.1",
      kind: "dsse",
      spec: {
        envelopeHash: { algorithm: "sha256", value: hash(JSON.stringify(envelope)) },
        payloadHash: { algorithm: "sha256", value: hash(payload) },
        signatures: [{ signature: sig, verifier: Buffer.from(pem).toString("base64") }],
      },
    });
    const [logged] = Object.values(entry as Record<string, Logged>);
    if (logged === undefined) throw new Error("nothing was logged");
    const proof = logged.verification.inclusionProof;
    return {
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      verificationMaterial: {
        certificate: { rawBytes: base64(certificate) },
        tlogEntries: [{
          logIndex: String(logged.logIndex),
          logId: { keyId: logId },
          kindVersion: { kind: "dsse", version: "0.0.1" },
          integratedTime: String(logged.integratedTime),
          inclusionPromise: { signedEntryTimestamp: logged.verification.signedEntryTimestamp },
          inclusionProof: {
            logIndex: String(proof.logIndex),
            rootHash: Buffer.from(proof.rootHash, "hex").toString("base64"),
            treeSize: String(proof.treeSize),
            hashes: [],
            checkpoint: { envelope: proof.checkpoint },
          },
          canonicalizedBody: logged.body,
        }],
      },
      dsseEnvelope: envelope,
    };
  }
  return { trustedRoot, signed, authority, log, stamps };
}
