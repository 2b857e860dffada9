// Certificates of signatures, as the page reads them.
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { acme } from "../../../../tests/extensions/signatures/certificates/certified.ts";
import {
  ALICE,
  ISSUER,
  sigstore,
} from "../../../../tests/extensions/signatures/certificates/keyless.ts";
import { factsIn } from "../../../src/extensions/signatures/certificate.ts";
import { claimedIn } from "../../../src/extensions/signatures/stored.ts";

const day = (text: string | undefined) => new Date(text ?? NaN).getTime();

Deno.test("names and times of a certificate are those that Node reads", async () => {
  const { root, models, alice } = await acme();
  for (const { pem } of [root, models, alice]) {
    const own = new X509Certificate(pem);
    const facts = factsIn(own.raw.toString("base64"));
    const words = (name: string) => name.split("\n").toSorted();
    assertEquals(facts?.subject.split(", ").toSorted(), words(own.subject));
    assertEquals(facts?.issuer.split(", ").toSorted(), words(own.issuer));
    assertEquals([day(facts?.validFrom), day(facts?.validTo)], [
      day(own.validFrom),
      day(own.validTo),
    ]);
  }
  // deno-lint-ignore no-explicit-any -- a bundle
  const bundle: any = await (await sigstore()).signed("{}");
  const { rawBytes } = bundle.verificationMaterial.certificate;
  const { identities, provider } = factsIn(rawBytes) ?? {};
  assertEquals([identities, provider], [[ALICE], ISSUER]);
});

Deno.test("bytes that are not a certificate have no facts", async () => {
  const { alice } = await acme();
  const der = Buffer.from(new X509Certificate(alice.pem).raw);
  assertEquals(factsIn(""), undefined);
  assertEquals(factsIn("no base64!"), undefined);
  assertEquals(factsIn(Buffer.from(alice.pem).toString("base64")), undefined);
  let readable = 0;
  for (let at = 0; at < der.length; at++) {
    if (factsIn(der.subarray(0, at).toString("base64")) !== undefined) readable++;
    const changed = Buffer.from(der);
    changed[at]! ^= 0x80;
    factsIn(changed.toString("base64")); // does not throw
  }
  assertEquals(readable, 0);
});

Deno.test("labels of any form are no signatures, and do not throw", () => {
  for (const label of [undefined, null, "x", 5, [], [1]]) assertEquals(claimedIn(label), []);
  const keyHash = "a".repeat(64), id = keyHash.slice(0, 16);
  const right = { keyHash, sig: "MAA=", subject: "a", addedAt: "2026-11-29T00:00:00.000Z" };
  const all = [
    [right, true],
    [{ ...right, material: "{" }, true],
    [{ ...right, material: '{"verificationMaterial":{"tlogEntries":[{}]}}' }, true],
    [{ ...right, payload: "[" }, true],
    [{ ...right, keyHash: "b".repeat(64) }, false],
    [{ ...right, sig: 5 }, false],
    [{ ...right, addedAt: "yesterday" }, false],
    [{}, false],
  ] as const;
  for (const [value, isOne] of all) {
    const [[, claimed] = []] = claimedIn({ [id]: value });
    assertEquals(claimed !== undefined, isOne, JSON.stringify(value));
  }
  for (const other of ["", "a", keyHash]) {
    assertEquals(claimedIn({ [other]: right }), [[other, undefined]], "as the product reads it");
  }
  const [[, hostile] = []] = claimedIn({ [id]: { ...right, subject: "models:\u202e\n\u200bx" } });
  assertEquals(hostile?.subject, "models:???x");
  const [[, claimed] = []] = claimedIn({ [id]: right });
  assertEquals(claimed, {
    id,
    keyHash,
    subject: "a",
    addedAt: right.addedAt,
    algorithm: "ECDSA",
  });
});
