/**
 * Conformance suites for backends, registries, file stores, queues and event buses of your own, for any
 * test framework, and the simulation that Holdfast's commit protocol is tested with.
 *
 * @example
 * ```ts ignore
 * import { testBackend } from "@holdfast/holdfast/testing";
 *
 * testBackend(Deno.test, () => openMyBackendOverAnEmptyStore(), { name: "mine" });
 * ```
 *
 * @module
 */
export * from "../simulate/mod.ts";
export * from "./events.ts";
export * from "./files.ts";
export * from "./mod.ts";
export * from "./queues.ts";
export * from "./registry.ts";
