/**
 * Deterministic simulation of a registry in virtual time: a seeded system, a store that misbehaves, and the
 * schedules and checks that Holdfast itself is tested with.
 *
 * @module
 */
export type * from "../../core/backend.ts";
export type { System } from "../../core/system.ts";
export { createSimulatedSystem } from "./simulated_system.ts";
export type {
  FrozenClocks,
  ProcessOptions,
  SimulatedProcess,
  SimulatedSystem,
} from "./simulated_system.ts";
export type { EventOwner, Scheduler } from "./scheduler.ts";
export { createRandom } from "./random.ts";
export type { Random } from "./random.ts";
export { withFaults } from "./with_faults.ts";
export type { Fault, FaultOptions, StoreCall } from "./with_faults.ts";
export type { Capability } from "../conformance/backend/backend_case.ts";
export { createRandomFaults } from "./random_faults.ts";
export type { FaultRates, RandomFaultOptions } from "./random_faults.ts";
export { withProcess } from "./with_process.ts";
export type { CallPause, WithProcessOptions } from "./with_process.ts";
export { withShiftedTime } from "./with_shifted_time.ts";
export type { ShiftedTimeOptions } from "./with_shifted_time.ts";
export { createHistory, withHistory } from "./with_history.ts";
export type { Effect, History, HistoryOptions } from "./with_history.ts";
export { simulate } from "./simulate.ts";
export type { SimulateOptions, Violation } from "./simulate.ts";
export { simulateAtOnce } from "./parallel/simulate_at_once.ts";
export type { AtOnceOptions, AtOnceResult } from "./parallel/simulate_at_once.ts";
export type { SentOptions } from "./parallel/seed_range.ts";
export { runSeed } from "./run_seed.ts";
export type { Run, RunOptions } from "./run_seed.ts";
export type { Finding, Promised } from "./checks/violation.ts";
