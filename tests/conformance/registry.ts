/**
 * The conformance suite for registries: cases as data, and a runner for any test framework. An
 * implementation that passes can be used as any `Registry`.
 *
 * @example
 * ```ts ignore
 * import { openRegistry } from "@holdfast/holdfast";
 * import { testRegistry } from "@holdfast/holdfast/testing";
 *
 * testRegistry(Deno.test, async (settings) => {
 *   const url = await startMyServiceWithNothingInIt(settings);
 *   return { registry: await openMine(url), reopen: ({ readOnly }) => openMine(url, { readOnly }) };
 * }, { name: "mine" });
 * ```
 *
 * @module
 */
import { asMap, saveMany } from "@holdfast/holdfast";
import { ok, strictEqual } from "node:assert/strict";
import type { Registry } from "../../core/registry.ts";
import { annotationCases } from "./registry/annotations.ts";
import { aliasCases } from "./registry/aliases.ts";
import { conflictCases } from "./registry/conflicts.ts";
import { downloadCases } from "./registry/downloads.ts";
import { draftCases } from "./registry/drafts.ts";
import { endingCases } from "./registry/ending.ts";
import { manyCases } from "./registry/many.ts";
import { mapCases } from "./registry/map_habits.ts";
import {
  refused,
  type RegistryCase,
  type RegistryContext,
  type RegistryFeature,
  type RegistryToOpen,
  type RegistryUnderTest,
} from "./registry/registry_case.ts";
import type { RegisterTest } from "./backend/backend_case.ts";
import { listingCases } from "./registry/listing.ts";
import { releaseCases } from "./registry/releases.ts";
import { loadCases } from "./registry/loading.ts";
import { madeFromCases } from "./registry/made_from.ts";
import { noRefCases } from "./registry/no_ref.ts";
import { saveCases } from "./registry/saving.ts";

export type {
  RegistryCase,
  RegistryContext,
  RegistryFeature,
  RegistryToOpen,
  RegistryUnderTest,
} from "./registry/registry_case.ts";

/** Every case of the contract of a registry. */
export const registryCases: readonly RegistryCase[] = [
  ...saveCases,
  ...madeFromCases,
  ...loadCases,
  ...conflictCases,
  ...aliasCases,
  ...releaseCases,
  ...annotationCases,
  ...listingCases,
  ...manyCases,
  ...mapCases,
  ...draftCases,
  ...noRefCases,
  ...endingCases,
  ...downloadCases,
];

const ALL: readonly RegistryFeature[] = [
  "save",
  "mutable",
  "unversioned",
  "download",
  "readOnly",
  "annotations",
];

/**
 * Registers a test for each case. For a feature that the registry lacks, the test checks that it is
 * refused.
 *
 * @param test registers a test: `Deno.test`, or `test` of `node:test`
 * @param open opens an empty registry for one test
 */
export function testRegistry(
  test: RegisterTest,
  open: (settings: RegistryToOpen) => Promise<RegistryUnderTest>,
  options: {
    /** The beginning of the names of the tests. @default "registry" */
    name?: string;
    /** The features of the registry. @default all */
    features?: readonly RegistryFeature[];
  } = {},
): void {
  const { name = "registry", features = ALL } = options;
  for (const { name: sentence, needs = [], settings, run } of registryCases) {
    const asks = [
      ...needs,
      ...(settings?.mutable ? ["mutable" as const] : []),
      ...(settings?.versioned === false ? ["unversioned" as const] : []),
    ];
    if (asks.every((feature) => features.includes(feature))) {
      test(`${name}: ${sentence}`, () => withRegistry(open, settings, run));
    }
  }
  for (const { feature, sentence, run } of REFUSALS) {
    if (!features.includes(feature)) {
      test(`${name}: [no ${feature}] ${sentence}`, () => withRegistry(open, {}, run));
    }
  }
}

async function withRegistry(
  open: (settings: RegistryToOpen) => Promise<RegistryUnderTest>,
  settings: Partial<RegistryToOpen> | undefined,
  run: (context: RegistryContext) => Promise<void>,
): Promise<void> {
  const { registry, writer = registry, damage, reopen } = await open({
    versioned: true,
    mutable: false,
    ...settings,
  });
  const opened = new Set<Registry>([registry, writer]);
  try {
    await run({
      registry,
      writer,
      damage,
      async reopen({ readOnly = false } = {}) {
        const again = await reopen({ readOnly });
        opened.add(again);
        return again;
      },
    });
  } finally {
    for (const each of [...opened].reverse()) await each[Symbol.asyncDispose]();
  }
}

/** Replaces the cases about a feature that a registry lacks. */
const REFUSALS:
  readonly (Pick<RegistryCase, "run"> & { feature: RegistryFeature; sentence: string })[] = [
    {
      feature: "save",
      sentence: "all that writes is refused, and changes nothing",
      async run({ registry, writer }) {
        await writer.save("a", 1);
        await writer.setAlias("a", "production", "1");
        const writes = [
          () => registry.save("b", 1),
          () => asMap(registry).set("b", 1),
          () => registry.delete("a@1", { force: true }),
          () => registry.setAlias("a", "canary", "1"),
          () => registry.deleteAlias("a", "production"),
          () => registry.copy("a", "b"),
          async () =>
            await (await registry.openDraft("b", { id: "1" })).addPart("0", [{
              path: "a",
              content: NOTHING,
            }]),
        ];
        for (const write of writes) await refused(["Denied", "Unsupported"], write());
        const { failed } = await saveMany(registry, [{ name: "b", value: 1 }]);
        strictEqual(failed.length, 1);
        strictEqual(await registry.has("b"), false);
        strictEqual(await registry.load("a@production"), 1);
      },
    },
    {
      feature: "download",
      sentence: "download() is Unsupported",
      async run({ registry, writer }) {
        await writer.save("a", 1);
        await refused("Unsupported", registry.download("a", { to: "nowhere" }));
      },
    },
    {
      feature: "mutable",
      sentence: "its settings forbid overwriting, and a request for it is Invalid",
      async run({ registry, writer }) {
        ok(!registry.settings.mutable);
        await writer.save("a", 1);
        await refused(
          ["Invalid", "Denied", "Unsupported"],
          registry.save("a", 2, { version: "1", onConflict: "overwrite" }),
        );
      },
    },
    {
      feature: "unversioned",
      sentence: "its settings say that names have versions",
      async run({ registry }) {
        ok(registry.settings.versioned);
        await Promise.resolve();
      },
    },
  ];

const NOTHING = new Uint8Array();
