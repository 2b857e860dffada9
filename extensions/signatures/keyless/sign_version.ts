// Keyless signatures of versions: see docs/signing_identities.md.
import type { Registry, System } from "../../../mod.ts";
import { checkOptions, loadPart, realSystem, shown } from "../../../core/kernel.ts";
import { type AddedSignature, checkRoom, statementFor, store } from "../adding.ts";
import type { KeylessParts, KeylessRequest } from "./sign.ts";

/** Characters of a signature with the certificate of a workflow, and the entry of a large log. */
const USUAL = 8 * 1024;
const TEXT = { sent: "text" } as const;

/** Options of {@linkcode signKeyless}. */
export interface SignKeylessOptions {
  /**
   * An identity token (OpenID Connect) for the audience `sigstore`, such as that of a CI job. Only
   * the certificate authority receives it.
   */
  token: string;
  /** The certificate authority. @default "https://fulcio.sigstore.dev" */
  fulcio?: string;
  /** The transparency log. @default "https://rekor.sigstore.dev" */
  rekor?: string;
  /** An authority that adds a timestamp (RFC 3161). @default none: the log proves the time */
  timestampAuthority?: string;
  /** The trusted root of Sigstore, JSON, which must verify the signature. @default not verified */
  trustedRoot?: string;
  /** Limit for each request, milliseconds. @default 30_000 */
  timeoutMs?: number;
  /** The clock. @default that of the machine */
  system?: System;
  signal?: AbortSignal;
}

/** A signature without a key that was added to a version. */
export interface KeylessSignature extends AddedSignature {
  /** The identity in the certificate: an email address, or the URL of a workflow. */
  identity: string;
  /** When the log received it. */
  loggedAt: Date;
}

/** The used part of `sign.ts`. */
interface KeylessPart {
  signKeylessly(payload: string, request: KeylessRequest): Promise<KeylessParts>;
}

/**
 * Signs a version without a key of your own: Sigstore certifies the identity in a token for ten
 * minutes, and its log proves the time. The public log shows the identity and the
 * SHA-256 of the signed statement forever. The version gets the signature last, so a failure adds
 * nothing to it.
 *
 * @throws {RegistryError} `Denied` for a token that has expired or is refused, `Unavailable` for
 * services that do not answer, `Corrupt` for wrong answers, `NotFound` if there is no such version
 */
export async function signKeyless(
  registry: Registry,
  ref: string,
  options: SignKeylessOptions,
): Promise<KeylessSignature> {
  const {
    system = realSystem,
    signal,
    fulcio = "https://fulcio.sigstore.dev",
    rekor = "https://rekor.sigstore.dev",
    timeoutMs = 30_000,
    ...given
  } = checkOptions(`sign ${shown(ref)}`, options, {
    token: TEXT,
    fulcio: TEXT,
    rekor: TEXT,
    timestampAuthority: TEXT,
    trustedRoot: TEXT,
    timeoutMs: { sent: "count" },
    system: {},
    signal: {},
  }, ["token"]);
  const info = await registry.info(ref, { annotations: true, signal });
  checkRoom(info, USUAL); // entries of the log cannot be removed
  const { signKeylessly } = await loadPart<KeylessPart>(
    "./sign.ts",
    import.meta.url,
  );
  const request = { ...given, fulcio, rekor, timeoutMs, signal, now: () => system.now() };
  const { identity, loggedAt, keyHash, sig, material } = await signKeylessly(
    statementFor(info),
    request,
  );
  const bundle = { keyHash, sig, material, subject: info.name };
  const added = await store(registry, info, bundle, { system, signal });
  return { ...added, identity, loggedAt };
}
