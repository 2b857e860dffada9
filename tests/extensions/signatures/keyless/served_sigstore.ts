// A Sigstore of tests that is served on this machine: it checks what it is sent as the real one does.
import { Buffer } from "node:buffer";
import { createHash, verify, X509Certificate } from "node:crypto";
import { createLocalJWKSet, jwtVerify } from "npm:jose@^6.2";
import { realSystem } from "../../../../core/system.ts";
import { signedBytes } from "../../../../extensions/signatures/statement.ts";
import { createKey, publicJwk, signed } from "../../../support/oidc/provider.ts";
import type { Json } from "../mutations.ts";
import { ALICE, ISSUER, ISSUER_OID, sigstore } from "../certificates/keyless.ts";

const ISSUER_V1_OID = "1.3.6.1.4.1.57264.1.1";

export const FULCIO = "/fulcio/api/v2/signingCert", REKOR = "/rekor/api/v1/log/entries";

export type Route = "/fulcio/api/v2/signingCert" | "/rekor/api/v1/log/entries" | "/tsa";

export interface ServedOptions {
  /** Answers in place of a route, by the usual answer. */
  answer?: (route: Route, usual: () => Promise<Response>) => Response | Promise<Response>;
  /** The time in timestamps. @default now */
  stampedAt?: () => Date;
}

/** A Sigstore with the URLs of its services, and a provider of identity tokens. */
export interface ServedSigstore extends AsyncDisposable {
  trustedRoot: string;
  fulcio: string;
  rekor: string;
  timestampAuthority: string;
  /** Routes of requests so far, in order. */
  asked: Route[];
  /** Returns a token, by default of a workflow for the audience `sigstore`. */
  token(claims?: Record<string, unknown>, times?: { nowMs?: number }): Promise<string>;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>) {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

export async function servedSigstore(
  { answer, stampedAt = () => new Date(realSystem.now()) }: ServedOptions = {},
): Promise<ServedSigstore> {
  const { trustedRoot, authority, log, stamps } = await sigstore();
  Object.assign(stamps, { getCurrentTime: stampedAt });
  const key = await createKey("1"), known = createLocalJWKSet({ keys: [publicJwk(key)] });
  const asked: Route[] = [];

  async function certify(request: Json): Promise<Response> {
    const { credentials: { oidcIdentityToken: token }, publicKeyRequest } = request;
    let claims: Json;
    try {
      claims = (await jwtVerify(token, known, { issuer: ISSUER, audience: "sigstore" })).payload;
    } catch (error) {
      // As Fulcio does, which names the token in some of its errors.
      const message = `There was an error processing the identity token: ${error} ${token}`;
      return Response.json({ code: 16, message }, { status: 401 });
    }
    const { publicKey: { content }, proofOfPossession } = publicKeyRequest;
    const subject = claims.email ?? claims.sub, proof = Buffer.from(proofOfPossession, "base64");
    if (!verify("sha256", Buffer.from(subject), content, proof)) {
      return Response.json({ code: 3, message: "The proof of possession is wrong" }, {
        status: 400,
      });
    }
    const certificate = await authority.issueCertificate({
      publicKey: Buffer.from(content.replace(/-----[^-]+-----|\s/g, ""), "base64"),
      subjectAltName: claims.email ?? ALICE,
      extensions: [
        { oid: ISSUER_OID, value: claims.iss },
        { oid: ISSUER_V1_OID, value: claims.iss, legacy: true },
      ],
    });
    const certificates = [certificate, authority.rootCertificate].map((each) =>
      new X509Certificate(bytesOf(each)).toString()
    );
    const chain = { signedCertificateEmbeddedSct: { chain: { certificates } } };
    return Response.json(chain, { status: 201 });
  }

  async function addEntry({ kind, apiVersion, spec }: Json): Promise<Response> {
    const { envelope: text, verifiers: [verifier] } = spec.proposedContent;
    const { payload, payloadType, signatures: [{ sig }] } = JSON.parse(text);
    const statement = Buffer.from(payload, "base64").toString();
    const pem = Buffer.from(verifier, "base64").toString();
    const { publicKey } = new X509Certificate(pem);
    const isSigned = verify(
      "sha256",
      signedBytes(statement),
      publicKey,
      Buffer.from(sig, "base64"),
    );
    if (!isSigned || payloadType !== "application/vnd.in-toto+json") {
      return Response.json({ code: 400, message: "invalid signature" }, { status: 400 });
    }
    const hash = (value: string) => ({
      algorithm: "sha256",
      value: createHash("sha256").update(value).digest("hex"),
    });
    const canonical = {
      envelopeHash: hash(text),
      payloadHash: hash(statement),
      signatures: [{ signature: sig, verifier }],
    };
    return Response.json(await log.log({ apiVersion, kind, spec: canonical }), { status: 201 });
  }

  async function stamp(query: Buffer): Promise<Response> {
    const [head, tail] = ["30390201013031300d060960864801650304020105000420", "0101ff"];
    const hex = query.toString("hex");
    if (!hex.startsWith(head) || !hex.endsWith(tail)) return new Response(null, { status: 400 });
    const answer = await stamps.timestamp({
      artifactHash: query.subarray(head.length / 2, head.length / 2 + 32),
      hashAlgorithmOID: "2.16.840.1.101.3.4.2.1",
      policyOID: "1.3.6.1.4.1.57264.2",
      nonce: 1,
      certReq: true,
    });
    return new Response(bytesOf(answer), { status: 201 });
  }

  const ended = new AbortController();
  const at = { port: 0, hostname: "127.0.0.1", onListen() {}, signal: ended.signal };
  const server = Deno.serve(at, async (request) => {
    const route = new URL(request.url).pathname as Route;
    asked.push(route);
    const body = Buffer.from(await request.arrayBuffer());
    const usual = () => {
      if (route === "/tsa") return stamp(body);
      const json = JSON.parse(body.toString());
      if (route === "/fulcio/api/v2/signingCert") return certify(json);
      if (route === "/rekor/api/v1/log/entries") return addEntry(json);
      return Promise.resolve(new Response(null, { status: 404 }));
    };
    return await (answer?.(route, usual) ?? usual());
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  return {
    trustedRoot,
    fulcio: `${url}/fulcio`,
    rekor: `${url}/rekor`,
    timestampAuthority: `${url}/tsa`,
    asked,
    token: (claims = {}, { nowMs = realSystem.now() } = {}) =>
      signed(key, { iss: ISSUER, aud: "sigstore", sub: "repo:acme/models", ...claims }, { nowMs }),
    async [Symbol.asyncDispose]() {
      ended.abort(); // also requests without an answer
      await server.finished;
    },
  };
}

/** Answers one route by a function, and the others as usual. */
export function at(
  route: Route,
  answer: (usual: () => Promise<Response>) => Response | Promise<Response>,
) {
  return {
    answer: (asked: Route, usual: () => Promise<Response>) =>
      asked === route ? answer(usual) : usual(),
  };
}
