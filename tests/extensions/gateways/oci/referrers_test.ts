// Signatures of versions as artifacts that refer to their manifests.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { join } from "@std/path";
import { realSystem } from "../../../../core/system.ts";
import { oci } from "../../../../extensions/gateways/oci/oci.ts";
import {
  signatureBundle,
  signatureFiles,
  signVersion,
} from "../../../../extensions/signatures/signatures.ts";
import { judgeTest } from "../../../judges/judge_test_case.ts";
import { ecKeys } from "../../signatures/signed.ts";
import { digestOf, openOci, tokens } from "./open_oci.ts";
import { missing, programOf, served } from "./served_oci.ts";

const KEYS = ecKeys();
const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const gateways = [oci, signatureFiles];

Deno.test("the signatures of a version refer to its manifest, and to those of its images", async () => {
  await using oci = await openOci({ gateways, tokens });
  const token = "read:*";
  await oci.save("m", { a: "text" });
  await oci.save("m", { a: "other" });
  const referrers = async (digest: string, query = "") => {
    const answer = await oci.send(`m/referrers/${digest}${query}`, { token });
    return { answer, manifests: (await answer.json()).manifests };
  };
  const before = await oci.manifest("m", "1.0.0", token);
  assertEquals((await referrers(before.digest)).manifests, []);
  const { id } = await signVersion(oci.registry, "m@1.0.0", { key: KEYS.privateKey });
  const bundle = await signatureBundle(oci.registry, "m@1.0.0", { key: id });
  assertEquals((await oci.manifest("m", "1.0.0", token)).digest, before.digest);
  for (const tag of ["1.0.0", "1.0.0__image", "1.0.0__root"]) {
    const { digest, text, mediaType } = await oci.manifest("m", tag, token);
    const { manifests: [listed, ...more] } = await referrers(digest);
    assertEquals([listed.artifactType, more], [BUNDLE, []]);
    await oci.restart(); // also of another process
    const { config, layers: [layer], ...own } = await oci.manifest("m", listed.digest, token);
    assertEquals(own.digest, listed.digest);
    const subject = { mediaType, digest, size: text.length };
    assertEquals(JSON.parse(own.text).subject, subject);
    assertEquals(layer!.annotations["org.opencontainers.image.title"], "model.sig");
    for (const { digest, size } of [layer!, config]) {
      const bytes = await (await oci.send(`m/blobs/${digest}`, { token })).text();
      assertEquals([digestOf(bytes), bytes.length], [digest, size]);
      if (digest === layer!.digest) assertEquals(bytes.trim(), bundle.trim());
    }
    const path = `m/manifests/${listed.digest}`;
    assertEquals(await oci.fails(path, { token: "read:other" }), [403, "DENIED"]);
    const filtered = await referrers(digest, "?artifactType=text/plain");
    assertEquals(filtered.manifests, []);
    assertEquals(filtered.answer.headers.get("oci-filters-applied"), "artifactType");
    assertEquals(
      (await referrers(digest, `?artifactType=${encodeURIComponent(BUNDLE)}`)).manifests,
      [
        listed,
      ],
    );
    // A signature has none, and the other version has none.
    assertEquals((await referrers(listed.digest)).manifests, []);
  }
  assertEquals((await referrers((await oci.manifest("m", "2", token)).digest)).manifests, []);
  assertEquals((await referrers(digestOf("none"))).manifests, []);
});

const python = realSystem.env("HOLDFAST_SIGNING_PYTHON") ?? "";
const signing = join(python, "../model_signing");
const noJudges = missing("oras") ??
  (existsSync(signing) ? undefined : "no model_signing; .ci/run installs it");

judgeTest(
  "oras finds, pulls and copies signatures, which model_signing verifies",
  noJudges,
  async () => {
    await using oci = await served({ gateways });
    const { root, registry, host, token, run } = oci;
    await signVersion(registry, "data:cells", { key: KEYS.privateKey });
    await Deno.writeTextFile(root.join("key.pub"), KEYS.publicKey);
    const oras = (...args: string[]) => run(programOf("oras"), [...args, "--plain-http"]);
    await oras("login", host, "--username=any", `--password=${token}`);
    const ref = `${host}/data/cells`;
    const found = JSON.parse(await oras("discover", `${ref}:production`, "--format=json"));
    const [{ digest, artifactType }] = found.referrers ?? found.manifests;
    assertEquals(artifactType, BUNDLE);
    await oras("pull", `${ref}:production`, "--output=copy");
    await oras("pull", `${ref}@${digest}`, "--output=signatures");
    const verify = ["verify", "key", "--public_key=key.pub", "--signature=signatures/model.sig"];
    assertStringIncludes(await run(signing, [...verify, "copy"]), "Verification succeeded");
    const copy = ["copy", "--from-plain-http", "--recursive", "--to-oci-layout"];
    await run(programOf("oras"), [...copy, `${ref}:production`, "layout:1"]);
    assert(existsSync(root.join(`layout/blobs/${digest.replace(":", "/")}`)));
  },
);
