// Cases about what ends a call, about watching, and about registries that only read.
import { saveMany } from "../../../registry/contract/many.ts";
import { asMap } from "../../../registry/contract/map.ts";
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { METHODS } from "../../../core/options/methods.ts";
import type { Registry, WatchEvent } from "../../../core/registry.ts";
import type { OperationRow } from "../../../core/registry/operations/row.ts";
import { aliasesOf, collect, noise, refused, throwsSame, versionsOf } from "./registry_case.ts";
import { given } from "../given.ts";
import type { RegistryCase } from "./registry_case.ts";

const reason = new Error("enough");

/** Cases about what ends a call, about watching, and about registries that only read. */
export const endingCases: readonly RegistryCase[] = [
  given("a read whose signal is aborted throws its reason", async ({ registry, writer }) => {
    await writer.save("a", noise(400_000));
    const signal = AbortSignal.abort(reason);
    const reads = [
      () => registry.load("a", { signal }),
      () => registry.open("a", { signal }),
      () => registry.info("a", { signal }),
      () => registry.has("a", { signal }),
      () => aliasesOf(registry, "a", { signal }),
      () => collect(registry.names({ signal })),
      () => collect(registry.versions("a", { signal })),
      () => collect(asMap(registry).entries({ signal })),
    ];
    for (const read of reads) await throwsSame(read(), reason);
    const controller = new AbortController();
    const [file] = (await registry.open("a", { signal: controller.signal })).files();
    controller.abort(reason);
    await throwsSame(file.bytes(), reason);
    strictEqual(await registry.has("a"), true);
  }),
  given(
    "a write whose signal is aborted throws its reason and writes nothing",
    async ({ registry }) => {
      await registry.save("a", 1);
      await registry.setAlias("a", "p", "1");
      const signal = AbortSignal.abort(reason);
      const writes = [
        () => registry.save("a", "small", { signal }),
        () => registry.save("a", "small", { version: "7", signal }),
        () => registry.save("a", noise(400_000), { signal }),
        () => registry.save("a", 1, { idempotencyKey: "k", signal }),
        () => registry.delete("a", { allVersions: true, force: true, signal }),
        () => registry.delete("a@1", { force: true, signal }),
        () => registry.setAlias("a", "p", "1", { signal }),
        () => registry.deleteAlias("a", "p", { signal }),
        () => registry.copy("a", "b", { signal }),
      ];
      for (const write of writes) await throwsSame(write(), reason);
      deepStrictEqual([await versionsOf(registry, "a"), await collect(registry.names())], [[
        "1.0.0",
      ], ["a"]]);
      deepStrictEqual(await aliasesOf(registry, "a"), { p: "1.0.0" });
    },
    { needs: ["save"] },
  ),
  given(
    "every method takes a signal, and throws the reason of an aborted one",
    async ({ registry, writer }) => {
      await writer.save("a", 1);
      await writer.setAlias("a", "p", "1");
      const given: Record<string, unknown> = {
        ref: "a@1",
        alias: "p",
        version: "1",
        to: "b",
        value: 1,
      };
      const options = { signal: AbortSignal.abort(reason), id: "1", to: "nowhere" };
      for (const [name, row] of Object.entries<OperationRow>(METHODS)) {
        if (name === "watch") continue; // it ends
        strictEqual("signal" in row.options, true, name);
        const method = registry[name as keyof Registry] as
          | ((...given: unknown[]) => unknown)
          | undefined;
        if (method === undefined && name === "clearCache") continue; // not of every registry
        const known = Object.entries(options).filter(([option]) => option in row.options);
        const called = (async () => {
          const args = row.takes.map((argument) => given[argument] ?? "a");
          const result = method!.call(registry, ...args, Object.fromEntries(known));
          return row.effect === "lists"
            ? await collect(result as AsyncIterable<unknown>)
            : await result;
        })();
        strictEqual(await called.then(() => "nothing", (error) => error), reason, name);
      }
      deepStrictEqual(await versionsOf(registry, "a"), ["1.0.0"]);
    },
    { needs: ["save"] },
  ),
  given(
    "a save that is aborted while it sends content throws the reason and leaves nothing",
    async ({ registry }) => {
      const controller = new AbortController();
      const onProgress = ({ bytes }: { bytes: number }) =>
        bytes > 2_000_000 && controller.abort(reason);
      await throwsSame(
        registry.save("a", noise(6_000_000), { signal: controller.signal, onProgress }),
        reason,
      );
      strictEqual(await registry.has("a"), false);
      strictEqual((await registry.save("a", "x")).version, "1.0.0");
    },
    { needs: ["save"] },
  ),
  given(
    "watch() yields the current latest version, then each new one that a check finds",
    async ({ registry, writer }) => {
      const first = await writer.save("a", 1);
      const stop = new AbortController();
      const events: WatchEvent[] = [];
      const steps: [version: string | undefined, then: () => unknown][] = [
        ["1.0.0", () => writer.save("a", 2)],
        ["2.0.0", () => writer.delete("a@2")],
        ["1.0.0", () => writer.delete("a", { allVersions: true })],
        [undefined, () => stop.abort()],
      ];
      for await (const event of registry.watch("a", { intervalMs: 5, signal: stop.signal })) {
        const [version, then] = steps[events.length];
        deepStrictEqual([event.name, event.version], ["a", version]);
        events.push(event);
        await then();
      }
      strictEqual(events.length, 4);
      strictEqual(events[0].commit, first.commit);
    },
  ),
  given(
    "watch() ends with the loop, and at once if the signal is aborted",
    async ({ registry, writer }) => {
      await writer.save("a", 1);
      for await (const { version } of registry.watch("a")) {
        strictEqual(version, "1.0.0");
        break;
      }
      deepStrictEqual(await collect(registry.watch("a", { signal: AbortSignal.abort() })), []);
      await refused("Invalid", collect(registry.watch(" a")));
    },
  ),
  given(
    "a registry that was opened read-only reads, and refuses every write as Denied",
    async ({ registry, reopen }) => {
      await registry.save("a", 1);
      await registry.setAlias("a", "p", "1");
      const reader = await reopen({ readOnly: true });
      const writes = [
        () => reader.save("b", 1),
        () => asMap(reader).set("b", 1),
        () => reader.delete("a@1", { force: true }),
        () => reader.undelete("a@1"),
        () => reader.setAlias("a", "q", "1"),
        () => reader.deleteAlias("a", "p"),
        () => reader.copy("a", "b"),
        async () => await (await reader.openDraft("b", { id: "1" })).addPart("0", []),
      ];
      for (const write of writes) await refused("Denied", write());
      strictEqual(
        (await saveMany(reader, [{ name: "b", value: 1 }])).errors.get(0)?.code,
        "Denied",
      );
      deepStrictEqual([await reader.load("a@p"), await collect(reader.names())], [1, ["a"]]);
      deepStrictEqual(await aliasesOf(registry, "a"), { p: "1.0.0" });
    },
    { needs: ["save", "readOnly"] },
  ),
  given(
    "a registry that is opened again has the same id and settings",
    async ({ registry, writer, reopen }) => {
      await writer.save("a", 1);
      const again = await reopen();
      deepStrictEqual([again.id, again.settings], [registry.id, registry.settings]);
      strictEqual(typeof registry.location, "string");
      strictEqual(await again.load("a"), 1);
    },
  ),
];
