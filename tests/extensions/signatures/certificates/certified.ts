// Certificates that tests make.
import "npm:reflect-metadata@^0.2";
import { Buffer } from "node:buffer";
import * as x509 from "npm:@peculiar/x509@^2";

export { x509 };

const FLAGS = x509.KeyUsageFlags;
export const CA_USAGE = new x509.KeyUsagesExtension(FLAGS.keyCertSign | FLAGS.cRLSign, true);
export const MAY_SIGN = new x509.KeyUsagesExtension(FLAGS.digitalSignature, true);

export const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
export const RSA = {
  ...{ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048 },
  publicExponent: new Uint8Array([1, 0, 1]),
} as const;
type Algorithm = typeof ECDSA | typeof RSA | { name: string; hash?: string };

/** The time of tests, when all certificates are valid. */
export const NOW = Date.parse("2026-11-29T12:00:00Z");

/** The owner of a certificate. */
export interface Owner {
  certificate: x509.X509Certificate;
  keys: CryptoKeyPair;
  algorithm: Algorithm;
  /** The certificate in PEM. */
  pem: string;
}

export interface Issued {
  /** @default itself */
  issuer?: Owner;
  /** @default those that fit */
  extensions?: x509.Extension[];
  algorithm?: Algorithm;
  from?: string;
  to?: string;
  keys?: CryptoKeyPair;
}

export async function issue(name: string, issued: Issued = {}): Promise<Owner> {
  const { issuer, from = "2026-01-01", to = "2027-01-01", algorithm = ECDSA } = issued;
  const keys = issued.keys ??
    await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: name,
    issuer: issuer?.certificate.subject ?? name,
    publicKey: keys.publicKey,
    signingKey: issuer?.keys.privateKey ?? keys.privateKey,
    signingAlgorithm: issuer?.algorithm ?? algorithm,
    notBefore: new Date(from),
    notAfter: new Date(to),
    extensions: issued.extensions ?? [MAY_SIGN],
  });
  return { certificate, keys, algorithm, pem: `${certificate.toString("pem")}\n` };
}

export function authority(name: string, issued: Issued & { most?: number } = {}): Promise<Owner> {
  const constraints = new x509.BasicConstraintsExtension(true, issued.most, true);
  return issue(name, { extensions: [constraints, CA_USAGE], ...issued });
}

/** Returns the private key in PEM. */
export async function privateKeyOf({ keys: { privateKey } }: Owner): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", privateKey)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${
    der.match(/.{1,64}/g)?.join("\n")
  }\n-----END PRIVATE KEY-----\n`;
}

/** A root, an authority below it, and a signer. */
export async function acme() {
  const root = await authority("CN=Acme Root, O=Acme");
  const models = await authority("CN=Acme Models, O=Acme", { issuer: root, most: 0 });
  const alice = await issue("CN=Alice, O=Acme", { issuer: models });
  return { root, models, alice, chain: alice.pem + models.pem, key: await privateKeyOf(alice) };
}
