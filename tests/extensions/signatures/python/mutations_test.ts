// Bundles that are changed anywhere: Python accepts exactly those that the product accepts.
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { sign } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { sha256 } from "../../../../core/kernel.ts";
import { keyOfCertificate } from "../../../../extensions/signatures/signers/certificates/pem.ts";
import { signedBytes } from "../../../../extensions/signatures/statement.ts";
import type { TempRoot } from "../../../support/temp_root.ts";
import { bundleOf, FILES, type Json, KEYS, refusalOf } from "../mutations.ts";
import { acme } from "../certificates/certified.ts";
import { ecKeys } from "../signed.ts";
import { python_, signingTest } from "./program.ts";

const JUDGE = `
from types import SimpleNamespace
from holdfast.signatures.bundle import from_base64, read_bundle
from holdfast.signatures.keys import read_public_key
from holdfast.signatures.statement import read_statement, signed_bytes
given = json.loads(Path("given.json").read_text())
files = [SimpleNamespace(**file) for file in given["files"]]
key = read_public_key(given["key"])
def accepts(text):
    try:
        bundle = read_bundle(text)
    except holdfast.HoldfastError:
        return False
    if read_statement(bundle.payload, files).problem or bundle.key_hash != key.hash:
        return False
    return key.has_signed(signed_bytes(bundle.payload), from_base64(bundle.sig))
print(json.dumps([accepts(text) for text in given["bundles"]]))
`;

const VALUES = [undefined, null, "", "x", 7, true, [], {}, [null], { a: 1 }];

/** Returns copies of a value, each with a change of one member, at any depth. */
function* changed(value: Json): Generator<Json> {
  if (value === null || typeof value !== "object") return;
  for (const key of Object.keys(value)) {
    for (const other of VALUES) {
      const copy = structuredClone(value);
      if (other === undefined && !Array.isArray(copy)) delete copy[key];
      else copy[key] = other;
      yield copy;
    }
    if (typeof value[key] === "string") {
      yield { ...structuredClone(value), [key]: `${value[key]} ` };
    }
    for (const inner of changed(value[key])) {
      const copy = structuredClone(value);
      copy[key] = inner;
      yield copy;
    }
  }
  const copy = structuredClone(value);
  if (Array.isArray(copy)) copy.push(...structuredClone(value.slice(0, 1)));
  else copy.more = 1;
  yield copy;
}

/** Returns a bundle with another statement, signed again. */
function signedAgain(bundle: Json, payload: string): Json {
  const copy = structuredClone(bundle);
  const signature = sign("sha256", signedBytes(payload), KEYS.privateKey);
  copy.dsseEnvelope.payload = Buffer.from(payload).toString("base64");
  copy.dsseEnvelope.signatures[0].sig = signature.toString("base64");
  return copy;
}

signingTest("Python accepts the bundles that the product accepts, and no others", async (root) => {
  const bundle = await bundleOf();
  const keys = ecKeys();
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const payload = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString();
  const statement = JSON.parse(payload);
  const all = [bundle, ...changed(bundle)];
  for (const rawBytes of [KEYS.publicKey, keys.publicKey, KEYS.publicKey.trim()].map(base64)) {
    all.push({ ...bundle, verificationMaterial: { publicKey: { rawBytes } } });
  }
  for (const other of changed(statement)) all.push(signedAgain(bundle, JSON.stringify(other)));
  all.push(signedAgain(bundle, JSON.stringify(statement, null, 1)));
  all.push(signedAgain(bundle, payload.replace("{", '{"a":1,"a":1,')));
  all.push(signedAgain(bundle, `\ufeff${payload}`), signedAgain(bundle, `${payload} x`));
  const bundles = all.map((each) => JSON.stringify(each));
  assert(bundles.length > 400, String(bundles.length));
  const accepted = await compare(bundles, KEYS.publicKey, root);
  assert(accepted > 10 && accepted < bundles.length / 2, `${accepted} of ${bundles.length}`);
});

signingTest("Python reads the certificates of bundles as the product does", async (root) => {
  const { alice, models, key: privateKey } = await acme();
  const publicKey = keyOfCertificate(alice.pem);
  const bundle = await bundleOf({ privateKey, publicKey });
  const [leaf, issuer] = [alice, models].map(({ certificate }) => ({
    rawBytes: certificate.toString("base64"),
  }));
  const materials = [
    { certificate: leaf },
    { x509CertificateChain: { certificates: [leaf, issuer] } },
    { x509CertificateChain: { certificates: [leaf, ...Array(9).fill(issuer)] } },
    { x509CertificateChain: { certificates: [leaf, ...Array(10).fill(issuer)] } },
    { x509CertificateChain: { certificates: [issuer, leaf] } },
    { certificate: { rawBytes: Buffer.from(alice.pem).toString("base64") } },
  ];
  const all = materials.flatMap((each) => {
    const verificationMaterial = { ...each, tlogEntries: [] };
    return [verificationMaterial, ...changed(verificationMaterial)];
  }).map((verificationMaterial) => JSON.stringify({ ...bundle, verificationMaterial }));
  const accepted = await compare(all, publicKey, root);
  assert(accepted > 5 && accepted < all.length / 2, `${accepted} of ${all.length}`);
});

/** Compares Python with the product. Returns how many bundles both accept. */
async function compare(bundles: string[], key: string, root: TempRoot): Promise<number> {
  const files = Object.entries(FILES).map(([path, { text, mode = null }]) => ({
    path,
    mode,
    sha256: sha256(text),
  }));
  await writeFile(root.join("given.json"), JSON.stringify({ files, key, bundles }));
  const place = { location: "http://127.0.0.1:1", token: "none" };
  const [found] = await python_(JUDGE, place, root.path);
  let accepted = 0;
  for (const [at, text] of bundles.entries()) {
    const isAccepted = await refusalOf(text, { signedBy: key }) === "accepted";
    if (isAccepted) accepted++;
    assertEquals(found[at], isAccepted, text);
  }
  return accepted;
}
