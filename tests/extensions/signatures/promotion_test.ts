// Rules whose conditions a version meets before a protected alias moves to it.
import { assert, assertEquals, assertMatch } from "@std/assert";
import "../../../extensions/signatures/signatures.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import { createMemoryBackend } from "../../../mod.ts";
import { changeRules } from "../../../extensions/maintenance/mod.ts";
import { readRules } from "../../../registry/tools/settings.ts";
import { annotate } from "../../../registry/mod.ts";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import {
  addSignature,
  signatureBundle,
  signVersion,
} from "../../../extensions/signatures/signatures.ts";
import { rejected } from "../../registry/rejected.ts";
import { openWith } from "../../registry/tomorrow/rules_world.ts";
import { withHooks } from "../../registry/with_hooks.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { ecKeys, NAME } from "./signed.ts";

const FORCE = { force: true };

/** A registry of several authors, on one store. */
function world(options: { mutable?: boolean } = {}) {
  const store = createMemoryBackend();
  const system = createScriptedSystem();
  const as = async (by: string): Promise<Registry> => {
    system.advance(1_000);
    return await openRegistry(store, { by, system, ...options });
  };
  return { store, system, as };
}

function rule(promote: Record<string, unknown>, protectAliases = ["production"]) {
  return { set: { pattern: "models:*", protectAliases, promote }, replace: true };
}

Deno.test("an alias moves only to versions that each key has signed", async () => {
  const [own, other] = [ecKeys(), ecKeys()];
  const { as } = world();
  const registry = await as("ann");
  for (const layers of [1, 2]) await registry.save(NAME, { layers });
  await changeRules(registry, rule({ signedBy: [own.publicKey, other.publicKey] }));
  const promote = () => registry.setAlias(NAME, "production", "2.0.0", FORCE);
  await rejected("Conflict", promote(), /refuses version 2.0.0: .*key \w{16}; .*key \w{16}/);
  await signVersion(registry, `${NAME}@1.0.0`, { key: own.privateKey });
  await signVersion(registry, `${NAME}@2.0.0`, { key: own.privateKey });
  await rejected("Conflict", promote(), /no valid signature of the key \w{16}$/m);
  await signVersion(registry, `${NAME}@2.0.0`, { key: other.privateKey });
  await rejected(
    "Conflict",
    registry.setAlias(NAME, "production", "2.0.0"),
    /protects this alias/,
  );
  await promote();
  await registry.setAlias(NAME, "canary", "1.0.0"); // no rule protects it
  assertEquals((await registry.info(`${NAME}@production`)).version, "2.0.0");
});

Deno.test("a signature of other files does not promote", async () => {
  const { privateKey, publicKey } = ecKeys();
  const registry = await world().as("ann");
  for (const layers of [1, 2]) await registry.save(NAME, { layers });
  const { id } = await signVersion(registry, `${NAME}@1`, { key: privateKey });
  const { annotations } = await registry.info(NAME, { version: "1.0.0", annotations: true });
  await annotate(registry, `${NAME}@2.0.0`, {
    labels: {
      signatures: { [id]: (annotations!.labels.signatures as Record<string, object>)[id] },
    },
  });
  await changeRules(registry, rule({ signedBy: [publicKey] }));
  const refused = await rejected(
    "Conflict",
    registry.setAlias(NAME, "production", "2", FORCE),
    /the key did not sign the files of this version/,
  );
  assertEquals(refused.reason, { kind: "promotion_refused", name: NAME, alias: "production" });
  const bundle = await signatureBundle(registry, `${NAME}@1`, { key: id });
  await rejected("Conflict", addSignature(registry, `${NAME}@2`, { bundle }), /bytes/);
});

Deno.test("a refused promotion names each comparison that fails, with its value", async () => {
  const registry = await world().as("ann");
  const metadata = { metrics: { auc: 0.87, loss: 0.2 }, "a b": "x and y" };
  await registry.save(NAME, 1, { metadata });
  const cases: [where: string, refused?: RegExp][] = [
    [
      "metrics.auc > 0.9",
      /: metrics.auc > 0.9 does not hold: metrics.auc is 0.87$/m,
    ],
    ["metrics.auc > 0.8 and metrics.loss < 0.1", /0.8|loss < 0.1 does not hold: .*loss is 0.2$/m],
    ["metrics.f1 > 0.8", /metrics.f1 is missing$/m],
    ["labels.stage = checked", /labels.stage is missing$/m],
    [`metadata."a b" = 'x and z'`, /is "x and y"$/m],
    ["metrics.auc > 0.8 and metrics.loss < 0.3"],
    [`metadata."a b" = 'x and y'`],
  ];
  for (const [where, refused] of cases) {
    await changeRules(registry, rule({ where }));
    const promoted = registry.setAlias(NAME, "production", "1", FORCE);
    if (refused === undefined) await promoted;
    else await rejected("Conflict", promoted, refused);
    await registry.deleteAlias(NAME, "production", FORCE);
  }
});

Deno.test("a version without an author meets no condition of its author", async () => {
  const registry = await openRegistry("memory:");
  await registry.save(NAME, 1);
  for (const where of ["by = ann", "by != ann", "by >= a", "by < z"]) {
    await changeRules(registry, rule({ where }));
    await rejected("Conflict", registry.setAlias(NAME, "production", "1", FORCE), /by is missing/);
  }
});

Deno.test("only a number is in an order with a number, and an error shows it as it is", async () => {
  const registry = await world().as("ann");
  const values: [value: unknown, shown: RegExp | undefined][] = [
    [0.95, undefined],
    ["0.95", undefined],
    [1e308, undefined],
    ["high", /auc is "high"$/m],
    ["0x10", /auc is "0x10"$/m],
    [" 1 ", /auc is " 1 "$/m],
    ["", /auc is ""$/m],
    ["2026-11-29", /auc is "2026-11-29"$/m],
    ["NaN", /auc is NaN$/m],
    ["-Infinity", /auc is -Infinity$/m],
    [null, /auc is null$/m],
    [true, /auc is true$/m],
    [[0.95], /auc is \[0.95\]$/m],
    [{ value: 1 }, /auc is {"value":1}$/m],
    [0, /auc is 0$/m],
  ];
  await changeRules(registry, rule({ where: "metrics.auc > 0.9" }));
  for (const [at, [value, refused]] of values.entries()) {
    const { name } = await registry.save(`models:${at}`, 1, {
      metadata: { metrics: { auc: value } },
    });
    const promoted = registry.setAlias(name, "production", "1", FORCE);
    if (refused === undefined) await promoted;
    else await rejected("Conflict", promoted, refused);
  }
});

Deno.test("a condition in which a comparison would be swallowed is refused", async () => {
  const registry = await openRegistry("memory:");
  for (
    const where of [
      "metrics.auc != 0||metrics.f1 > 0.1",
      "metrics.auc > 0.9 and",
      "metrics.auc > 0.9, metrics.f1 > 0.1",
      "metrics.auc != 0.9 andmetrics.f1 > 0.1",
      "metrics.auc != 0.1 < 0.2",
      "metrics.auc != 0; x",
      "labels.x != a'b and metrics.auc > 0.9 and labels.y = c'd",
      "labels.x != 'a'b' and metrics.auc > 0.9 and labels.y = 'c'd'",
      "metrics.auc > high",
      "metrics.auc > NaN",
      "metrics.auc > ''",
    ]
  ) await rejected("Invalid", changeRules(registry, rule({ where })), /"where" cannot be read/);
  for (const where of ["metrics.auc > '0.9'", "version >= 2.0.0", "labels.x = 'a and b'"]) {
    await changeRules(registry, rule({ where }));
  }
});

Deno.test("a review is a label of another author than that of the version", async () => {
  const { as, system } = world();
  const [ann, bob] = [await as("ann"), await as("bob")];
  await ann.save(NAME, 1);
  await changeRules(ann, rule({ review: "reviewed-by" }));
  const promote = async () => await (await as("ann")).setAlias(NAME, "production", "1", FORCE);
  const label = async (by: Registry, value: string | false | null, name = "reviewed-by") => {
    system.advance(1_000);
    await annotate(by, `${NAME}@1`, { labels: { [name]: value } });
  };
  await rejected("Conflict", promote(), /the label "reviewed-by" is missing/);
  await label(ann, "bob");
  await rejected("Conflict", promote(), /was set by "ann", who saved the version/);
  await label(bob, "bob"); // the same value: nothing was changed
  await rejected("Conflict", promote(), /was set by "ann"/);
  await label(bob, null);
  await rejected("Conflict", promote(), /is missing/);
  await label(bob, false);
  await rejected("Conflict", promote(), /the label "reviewed-by" is false/);
  await label(bob, "bob");
  await label(ann, "x", "other"); // another label of the author leaves the review
  await promote();
});

Deno.test("the author of a label is known although clocks differ, by a read of each change", async () => {
  const backend = createMemoryBackend();
  let reads = 0;
  const counted = withHooks(backend, {
    before: ({ verb }) => void (reads += Number(verb === "get")),
  });
  const [fast, slow] = [createScriptedSystem(), createScriptedSystem()];
  fast.advance(60_000);
  const ann = await openRegistry(backend, { by: "ann", system: fast });
  for (let version = 1; version <= 50; version++) await ann.save(NAME, version);
  const early = await openRegistry(backend, { by: "ann", system: slow });
  const { version } = await early.save(NAME, 0);
  await changeRules(ann, rule({ review: "ok" }));
  await annotate(ann, `${NAME}@${version}`, { labels: { ok: "yes" } });
  slow.advance(1_000);
  const bob = await openRegistry(backend, { by: "bob", system: slow });
  await annotate(bob, `${NAME}@${version}`, { labels: { other: "x" } });
  const promoter = await openRegistry(counted, { by: "ann", system: fast });
  reads = 0;
  const promoted = promoter.setAlias(NAME, "production", version, FORCE);
  await rejected("Conflict", promoted, /the label "ok" was set by "ann", who saved the version/);
  assert(reads < 20, `${reads} reads`);
});

Deno.test("a review does not outlive the content that was reviewed", async () => {
  const { as, system } = world({ mutable: true });
  const [ann, bob] = [await as("ann"), await as("bob")];
  await ann.save(NAME, 1);
  system.advance(1_000);
  await annotate(bob, `${NAME}@1`, { labels: { "reviewed-by": "bob" } });
  await changeRules(ann, rule({ review: "reviewed-by" }));
  system.advance(1_000);
  await ann.save(NAME, 2, { version: "1.0.0", onConflict: "overwrite" });
  await rejected(
    "Conflict",
    ann.setAlias(NAME, "production", "1", FORCE),
    /was set before this content was saved: remove the label, then set it again/,
  );
  system.advance(1_000);
  for (const label of [null, "bob"]) {
    await annotate(bob, `${NAME}@1`, { labels: { "reviewed-by": label } });
  }
  await ann.setAlias(NAME, "production", "1", FORCE);
});

Deno.test("without a known author there is no review", async () => {
  const store = createMemoryBackend();
  const system = createScriptedSystem();
  const nobody = await openRegistry(store, { system });
  const bob = await openRegistry(store, { system, by: "bob" });
  await nobody.save(NAME, 1);
  await bob.save(NAME, 2);
  await changeRules(nobody, rule({ review: "ok" }));
  system.advance(1_000);
  await annotate(bob, `${NAME}@1`, { labels: { ok: true } });
  await annotate(nobody, `${NAME}@2`, { labels: { ok: true } });
  const promote = (version: string) => bob.setAlias(NAME, "production", version, FORCE);
  await rejected("Conflict", promote("1"), /the author of the version is unknown/);
  await rejected("Conflict", promote("2"), /it is unknown who set the label "ok"/);
});

Deno.test("a rollback and a release meet the conditions, too", async () => {
  const registry = await world().as("ann");
  for (const auc of [0.8, 0.95]) await registry.save(NAME, auc, { metadata: { auc } });
  await registry.setAlias(NAME, "production", "1");
  await registry.setAlias(NAME, "production", "2");
  await changeRules(registry, rule({ where: "metadata.auc > 0.9" }));
  const back = registry.rollbackAlias(NAME, "production", FORCE);
  await rejected("Conflict", back, /metadata.auc is 0.8/);
  assertEquals(await registry.deleteAlias(NAME, "production", FORCE), true);
  const saved = registry.save(NAME, 3, { alias: "production", metadata: { auc: 1 } });
  await rejected("Conflict", saved, /protects this alias/);
});

Deno.test("a rule that is set meanwhile is followed, and content that was checked is promoted", async () => {
  const { store, system, as } = world({ mutable: true });
  const other = await as("bob");
  for (const auc of [0.8, 0.95]) await other.save(NAME, auc, { metadata: { auc } });
  const open = await as("ann");
  await changeRules(other, rule({ where: "metadata.auc > 0.9" })); // not ten seconds ago
  await rejected("Conflict", open.setAlias(NAME, "production", "1", FORCE), /auc is 0.8/);
  let replaced = 0;
  const raced = await openRegistry(
    withHooks(store, {
      async before({ verb, key }) {
        if (verb !== "list" || !key.startsWith("names/models") || replaced++ !== 1) return;
        await other.save(NAME, 0, { version: "2.0.0", onConflict: "overwrite" });
      },
    }),
    { system, mutable: true },
  );
  const promoted = await raced.setAlias(NAME, "production", "2", FORCE).then(
    () => "promoted",
    (error) => String(error),
  );
  assert(replaced > 1);
  assertMatch(promoted, /replaced meanwhile|auc is missing/);
  assertEquals(await Array.fromAsync(other.aliases(NAME)), []);
});

Deno.test("of two promotions at once, each version meets the conditions, and one is refused", async () => {
  const { as } = world();
  const registry = await as("ann");
  for (const auc of [0.8, 0.95, 0.99]) await registry.save(NAME, auc, { metadata: { auc } });
  await changeRules(registry, rule({ where: "metadata.auc > 0.9" }));
  const once = (version: string) =>
    registry.setAlias(NAME, "production", version, { ...FORCE, expected: null });
  const results = await Promise.allSettled(["1", "2", "3"].map(once));
  assertEquals(results.filter(({ status }) => status === "fulfilled").length, 1);
  const { version } = await registry.info(`${NAME}@production`);
  assert(version !== "1.0.0");
});

Deno.test("conditions that cannot be checked are refused when they are set", async () => {
  const registry = await openRegistry("memory:");
  const { privateKey } = ecKeys();
  const cases: [promote: Record<string, unknown>, state: RegExp][] = [
    [{}, /must have conditions/],
    [{ signedBy: [] }, /"signedBy" must be 1 to 20 public keys/],
    [{ signedBy: [privateKey] }, /public keys/],
    [{ signedBy: "key.pub" }, /public keys/],
    [{ where: "auc" }, /"where" cannot be read/],
    [{ where: 3 }, /must be a condition/],
    [{ where: "a and ".repeat(100_000) }, /longer than 4000 characters/],
    [{ where: "metrics.auc > 1 and accuracy > 2" }, /unknown field "accuracy"/],
    [{ review: "" }, /must be a label/],
    [{ review: "a.b" }, /must be a label/],
    [{ later: true }, /"later" is unknown/],
    [{ toString: 1 }, /"toString" is unknown/],
  ];
  for (const [promote, state] of cases) {
    await rejected("Invalid", changeRules(registry, rule(promote)), state);
  }
  const alone = { set: { pattern: "*", protect: true, promote: { review: "ok" } } };
  await rejected("Invalid", changeRules(registry, alone), /promote needs protectAliases/);
  assertEquals((await readRules(registry)).rules, []);
});

Deno.test("conditions of a later release refuse each move, also a forced one", async () => {
  const set = rule({ notary: "ok" }).set;
  await using later = await openWith({ ...set, pattern: "m" });
  for (const options of [FORCE, {}]) {
    const moved = later.setAlias("m", "production", "1", options);
    await rejected("Unsupported", moved, /does not understand the rule "m"/);
  }
  const { rules } = await readRules(later);
  assertEquals(rules.find(({ pattern }) => pattern === "m")?.promote, { notary: "ok" });
});

Deno.test("a rule of a later release does not hide the conditions of another one", async () => {
  await using later = await openWith({ pattern: "*", protectAliases: ["*"], later: true });
  await changeRules(later, { set: { ...rule({ where: "metadata.auc > 0.9" }).set, pattern: "m" } });
  const moved = later.setAlias("m", "production", "1", FORCE);
  await rejected("Conflict", moved, /the rule "m" refuses .*metadata.auc is missing/);
});

Deno.test("a key of a rule that no signature can be of is named in the refusal", async () => {
  const registry = await world().as("ann");
  await registry.save(NAME, 1);
  const publicKey = "-----BEGIN PUBLIC KEY-----AAAA-----END PUBLIC KEY-----";
  await changeRules(registry, rule({ signedBy: [publicKey, ecKeys().publicKey] }));
  const moved = registry.setAlias(NAME, "production", "1", FORCE);
  await rejected(
    "Conflict",
    moved,
    /of the key \w{16}; a key that must sign cannot be used: .*PEM/,
  );
});

Deno.test("mirrors keep conditions", async () => {
  const registry = await world().as("ann");
  await registry.save(NAME, 1);
  await changeRules(registry, rule({ review: "ok" }));
  await using copy = await openRegistry("memory:");
  await mirrorRegistry(registry, copy, { settings: true });
  assertEquals((await readRules(copy)).rules, (await readRules(registry)).rules);
});

Deno.test("no member of every object passes as a review", async () => {
  const { as } = world();
  const [ann, bob] = [await as("ann"), await as("bob")];
  await ann.save(NAME, 1);
  await annotate(bob, `${NAME}@1`, { labels: { stage: "any" } });
  for (const review of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
    await changeRules(ann, rule({ review }));
    const promote = ann.setAlias(NAME, "production", "1", FORCE);
    await rejected("Conflict", promote, /the label ".*" is missing/);
  }
});

Deno.test("of two promotions at once that expect the same version, one fails", async () => {
  const { as } = world();
  const [ann, bob] = [await as("ann"), await as("bob")];
  for (const auc of [0.95, 0.96, 0.97]) {
    await ann.save(NAME, auc, { metadata: { metrics: { auc } } });
  }
  await ann.setAlias(NAME, "production", "1");
  await changeRules(ann, rule({ where: "metrics.auc > 0.9" }));
  const results = await Promise.allSettled([
    ann.setAlias(NAME, "production", "2", { ...FORCE, expected: "1" }),
    bob.setAlias(NAME, "production", "3", { ...FORCE, expected: "1" }),
  ]);
  const moved = results.filter(({ status }) => status === "fulfilled");
  assertEquals(moved.length, 1);
});
