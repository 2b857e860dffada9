/**
 * Deterministic simulation of a registry in virtual time: the schedules of faults, pauses and
 * kills, and the checks, that Holdfast itself is tested with.
 *
 * @module
 */
export { simulate } from "./simulate.ts";
export type { SimulateOptions, Violation } from "./simulate.ts";
export type { SimulatedRun, SimulatedRunOptions } from "./run_seed.ts";
export type { BrokenInvariant, Invariant } from "./checks/evidence.ts";
export { withFaults } from "./with_faults.ts";
export type { Fault, FaultOptions, StoreCall } from "./with_faults.ts";
export { withSimulatedTime } from "./stores/with_simulated_time.ts";
