// A registry that reads only what keys have signed.
import { checkOptions, conflict, invalid, shown } from "../../core/kernel.ts";
import { defineRegistry, type LoadOptions, type Registry } from "../../mod.ts";
import { unsigned } from "./evidence.ts";
import type { KeylessSigner } from "./signers/signer.ts";
import { checkSigner } from "./signers/trusted.ts";

/** Options of {@linkcode signedRegistry}. */
export interface SignedRegistryOptions {
  /** Public keys or certificates in PEM, or identities: each must have signed what is read. */
  signedBy: string | KeylessSigner | readonly (string | KeylessSigner)[];
}

/**
 * Returns a read-only view of a registry, whose `load`, `open` and `download` refuse versions that
 * the keys have not signed, before they read payload. Files that are read whole are compared with the
 * SHA-256 that were signed. Ranges of large files, such as single tensors, are compared with checksums
 * of the registry, which are not signed. The view needs no closing.
 *
 * @throws {RegistryError} `Invalid` for a key that is not public; reads throw `Conflict` for a
 * version without a valid signature of each key
 *
 * @example
 * ```ts
 * import { generateKeyPairSync } from "node:crypto";
 * import { openRegistry } from "@holdfast/holdfast";
 * import { signedRegistry, signVersion } from "@holdfast/holdfast/signatures";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const { privateKey, publicKey } = generateKeyPairSync("ec", {
 *   namedCurve: "P-256",
 *   privateKeyEncoding: { type: "pkcs8", format: "pem" },
 *   publicKeyEncoding: { type: "spki", format: "pem" },
 * });
 * await using registry = await openRegistry("memory:");
 * await registry.save("models:digits", { layers: 3 });
 * const signed = signedRegistry(registry, { signedBy: publicKey });
 * await assertRejects(() => signed.load("models:digits"), Error, "no valid signature");
 * await signVersion(registry, "models:digits", { key: privateKey });
 * assertEquals(await signed.load("models:digits"), { layers: 3 });
 * ```
 */
export function signedRegistry(registry: Registry, options: SignedRegistryOptions): Registry {
  const { signedBy } = checkOptions("require signatures", options, { signedBy: {} }, ["signedBy"]);
  const keys = [signedBy].flat();
  keys.forEach(checkSigner);
  if (keys.length === 0) {
    throw invalid("require signatures", undefined, "there is no key", {
      hint: "Pass a public key: { signedBy }.",
    });
  }
  const { location, id, settings, materializers } = registry;
  const read = async (ref: string, { verify = "integrity", ...options }: LoadOptions = {}) => {
    if (verify === "none") {
      throw invalid(
        "open",
        shown(ref),
        "unchecked bytes may differ from those that were signed",
        {
          hint: 'Omit verify: "none".',
        },
      );
    }
    const artifact = await registry.open(ref, { ...options, verify });
    const { name, version } = artifact.info, { signal } = options;
    // The files are those that were opened, whatever the version has now.
    const { annotations } = await registry.info(name, { version, annotations: true, signal });
    const state = await unsigned(keys, { info: { ...artifact.info, annotations } });
    if (state === undefined) return { artifact, annotations };
    throw conflict("read", shown(`${name}@${version}`), state, {
      hint: "Read a version that these keys have signed, or sign this version.",
    });
  };
  return defineRegistry({
    location,
    id,
    settings,
    materializers,
    open: async (ref, options) => (await read(ref, options)).artifact,
    async info(ref, { annotations: asked = false, ...options } = {}) {
      const { artifact: { info }, annotations } = await read(ref, options);
      return asked && annotations !== undefined ? { ...info, annotations } : info;
    },
    names: (options) => registry.names(options),
    versions: (name, options) => registry.versions(name, options),
    aliases: (name, options) => registry.aliases(name, options),
    history: (name, alias, options) => registry.history(name, alias, options),
  });
}
