/**
 * Conformance suites for backends, registries, file stores, queues, event buses, engines and gateways
 * of your own, for any test framework, and the simulation that Holdfast's commit protocol is tested with.
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
export { simulate, withFaults, withSimulatedTime } from "../simulate/mod.ts";
export type {
  BrokenInvariant,
  Fault,
  FaultOptions,
  Invariant,
  SimulatedRun,
  SimulatedRunOptions,
  SimulateOptions,
  StoreCall,
  Violation,
} from "../simulate/mod.ts";
export { testEngine } from "./engines.ts";
export { testEventBus } from "./events.ts";
export { testFileStore } from "./files.ts";
export { testGateway } from "./gateways.ts";
export type { TestGatewayOptions } from "./gateways.ts";
export { randomRequests } from "./gateway/generate.ts";
export type { KnownValues, MadeRequest } from "./gateway/generate.ts";
export type { GatewayTarget } from "./gateway/service.ts";
export { testBackend } from "./mod.ts";
export type { Capability, RegisterTest, TestBackendOptions } from "./mod.ts";
export { testJobStorage, testQueue } from "./queues.ts";
export { testRegistry } from "./registry.ts";
export type { RegistryFeature, RegistryToOpen, RegistryUnderTest } from "./registry.ts";
