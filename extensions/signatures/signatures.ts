/**
 * Signatures of versions, as of OpenSSF Model Signing v1.0: who vouches for these bytes, with a proof
 * that other tools check without a registry. Signing and checking read no payload: a version knows
 * the SHA-256 of each of its files.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Registry, System } from "../../mod.ts";
import { checkOptions, invalid, notFound, realSystem, shown } from "../../core/kernel.ts";
import { readAdded } from "./added.ts";
import { type AddedSignature, refOf, statementFor, store } from "./adding.ts";
import { bundleText, materialWith } from "./bundle.ts";
import { idOf, readPublicKey, readSigningKey, type SigningKey } from "./signers/keys.ts";
import { loadChains, readTrusted } from "./signers/trusted.ts";
import { type CheckSignaturesOptions, reportOn, type SignaturesReport } from "./report.ts";
export type { CheckSignaturesOptions, SignatureCheck, SignaturesReport } from "./report.ts";
export type { CertificateFacts, KeylessSigner } from "./signers/signer.ts";
import { storedIn } from "./stored.ts";
import { signedBytes, statementOf } from "./statement.ts";

export type { AddedSignature, SigningKey };
export { signKeyless } from "./keyless/sign_version.ts";
export type { KeylessSignature, SignKeylessOptions } from "./keyless/sign_version.ts";
import "./conditions.ts"; // rules with conditions are understood
export type { PromotionConditions } from "./conditions.ts";
export { billOfMaterials } from "./bom/bill.ts";
export type { BillOfMaterials, BillOfMaterialsOptions } from "./bom/bill.ts";
export type { BomComponent, BomProperty } from "./bom/component.ts";
export type { BomLicense } from "./bom/licenses.ts";
export { spdxOf } from "./bom/spdx.ts";
export type { SpdxBill, SpdxElement } from "./bom/spdx.ts";
export { askedPromotions, askPromotion, withdrawPromotion } from "./asked/promotions.ts";
export type {
  AskedPromotion,
  AskedPromotionsOptions,
  AskPromotionOptions,
  WithdrawPromotionOptions,
} from "./asked/promotions.ts";
export { signatureFiles } from "./signature_files.ts";
export { signedRegistry } from "./signed_registry.ts";
export type { SignedRegistryOptions } from "./signed_registry.ts";

/** Options of {@linkcode signVersion}. */
export interface SignOptions {
  /** A private key in PEM, or one that signs elsewhere. EC (P-256, P-384, P-521) or Ed25519. */
  key: string | SigningKey;
  /** The passphrase of an encrypted key. @default none */
  passphrase?: string;
  /** The certificate of the key, then those of its issuers, PEM. @default none */
  certificate?: string;
  /** The clock. @default that of the machine */
  system?: System;
  signal?: AbortSignal;
}

/** Options of {@linkcode addSignature}. */
export interface AddSignatureOptions {
  /** A Sigstore bundle: the text of a `model.sig`. */
  bundle: string;
  /** The clock. @default that of the machine */
  system?: System;
  signal?: AbortSignal;
}

/**
 * Signs a version: its name and the SHA-256 of each of its files. The signature is kept beside the
 * version, like a label; a mirror copies it. The private key is sent nowhere.
 *
 * @throws {RegistryError} `Invalid` for a key that cannot sign, `NotFound` if there is no such version
 *
 * @example
 * ```ts
 * import { generateKeyPairSync } from "node:crypto";
 * import { openRegistry } from "@holdfast/holdfast";
 * import { checkSignatures, signVersion } from "@holdfast/holdfast/signatures";
 * import { assert } from "@std/assert";
 *
 * const { privateKey, publicKey } = generateKeyPairSync("ec", {
 *   namedCurve: "P-256",
 *   privateKeyEncoding: { type: "pkcs8", format: "pem" },
 *   publicKeyEncoding: { type: "spki", format: "pem" },
 * });
 * await using registry = await openRegistry("memory:");
 * await registry.save("models:digits", { layers: 3 });
 * await signVersion(registry, "models:digits@1", { key: privateKey });
 *
 * const { ok } = await checkSignatures(registry, "models:digits@1", { signedBy: publicKey });
 * assert(ok);
 * ```
 */
export async function signVersion(
  registry: Registry,
  ref: string,
  options: SignOptions,
): Promise<AddedSignature> {
  const { key, passphrase, certificate, system = realSystem, signal } = checkOptions(
    `sign ${shown(ref)}`,
    options,
    { key: {}, passphrase: TEXT, certificate: TEXT, system: {}, signal: {} },
    ["key"],
  );
  const signer = typeof key === "string" ? readSigningKey(key, passphrase) : key;
  const publicKey = readPublicKey(signer.publicKey);
  const material = certificate === undefined
    ? undefined
    : await materialOf(certificate, publicKey.hash, new Date(system.now()));
  const info = await registry.info(ref, { signal });
  const payload = statementFor(info);
  const bytes = signedBytes(payload);
  const signature = await signer.sign(bytes);
  if (!publicKey.hasSigned(bytes, signature)) {
    throw invalid("sign", shown(ref), "the signature does not match the public key", {
      hint: "Return the signature of the bytes: for ECDSA as DER, with the digest of its curve.",
    });
  }
  const parts = {
    keyHash: publicKey.hash,
    sig: Buffer.from(signature).toString("base64"),
    material,
  };
  return await store(registry, info, { ...parts, subject: info.name }, { system, signal });
}

const TEXT = { sent: "text" } as const;

async function materialOf(certificate: string, keyHash: string, at: Date): Promise<string> {
  const { signingCertificates } = await loadChains();
  return materialWith(signingCertificates(certificate, keyHash, at).map(({ der }) => der));
}

/**
 * Adds a signature that another tool made of the files of a version, such as `model_signing` of a
 * download.
 *
 * @throws {RegistryError} `Corrupt` for a bundle that cannot be read, `Conflict` if it is of other
 * files, `NotFound` if there is no such version
 */
export async function addSignature(
  registry: Registry,
  ref: string,
  options: AddSignatureOptions,
): Promise<AddedSignature> {
  const { bundle, system, signal } = checkOptions(
    `add a signature to ${shown(ref)}`,
    options,
    { bundle: { sent: "text" }, system: {}, signal: {} },
    ["bundle"],
  );
  const info = await registry.info(ref, { signal });
  const added = readAdded(bundle, info.files, shown(refOf(info)));
  return await store(registry, info, added, { system, signal });
}

/**
 * Lists the signatures of a version and compares each with its files. With `signedBy`, `ok` is true
 * only if each of these keys has signed exactly these files. Reads no payload: `verify` of a download
 * or load compares the bytes.
 *
 * @throws {RegistryError} `Invalid` for a key that is not public, `NotFound` if there is no such version
 */
export async function checkSignatures(
  registry: Registry,
  ref: string,
  options: CheckSignaturesOptions = {},
): Promise<SignaturesReport> {
  const { signedBy = [], signal } = checkOptions(`check signatures of ${shown(ref)}`, options, {
    signedBy: {},
    signal: {},
  });
  const signers = await readTrusted([signedBy].flat());
  const info = await registry.info(ref, { annotations: true, signal });
  return reportOn(info, signers).report;
}

/** Options of {@linkcode signatureBundle}. */
export interface SignatureBundleOptions {
  /** The public key in PEM, or the id of the signature or its beginning. */
  key: string;
  signal?: AbortSignal;
}

/**
 * Returns a signature of a version as a Sigstore bundle, the content of `model.sig`, which
 * `model_signing verify` checks beside a download.
 *
 * @throws {RegistryError} `NotFound` if there is no such version or signature
 */
export async function signatureBundle(
  registry: Registry,
  ref: string,
  options: SignatureBundleOptions,
): Promise<string> {
  const { key, signal } = checkOptions(
    `export a signature of ${shown(ref)}`,
    options,
    { key: { sent: "text" }, signal: {} },
    ["key"],
  );
  const id = key.includes("-----") ? idOf(readPublicKey(key).hash) : key;
  const info = await registry.info(ref, { annotations: true, signal });
  const all = [...storedIn(info.annotations?.labels ?? {})];
  const found = all.filter(([each, stored]) => stored !== undefined && each.startsWith(id));
  const [[, stored] = []] = found;
  if (stored === undefined || found.length > 1) {
    const state = found.length > 1 ? "several ids begin with it" : "there is no such signature";
    const ids = all.map(([each]) => each).join(", ");
    throw notFound("export the signature", `${shown(id)} of ${refOf(info)}`, state, {
      hint: ids === "" ? "Sign the version first." : `Its signatures are ${ids}.`,
    });
  }
  const payload = stored.payload ?? statementOf(stored.subject, info.files);
  return bundleText({ ...stored, payload });
}
