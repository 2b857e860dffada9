// The types of plugin sets, behaviors and tasks.
import type { Logger, Registry, System } from "../../mod.ts";
import type { PlainValue } from "../../materializers/mod.ts";
import type { SignalOptions, StandardSchema } from "../../registry/mod.ts";
import type { CallRunner, JobRunner, ScheduleOptions } from "./job_runner.ts";
import type { AnyInterface, Interface, InterfaceOf } from "./interface.ts";

/** Settings of a plugin or a behavior by name. They are read-only. */
export type PluginConfig = object;

/** The context of a plugin. */
export interface PluginContext {
  readonly plugins: Plugins;
  readonly system: System;
  readonly logger: Logger;
}

/** Creates a plugin. */
export type PluginFactory<T, Config> = (config: Config, context: PluginContext) => T | Promise<T>;

/** A class of plugins: `new Class(config, context)`. */
export type PluginClass<T, Config> = new (config: Config, context: PluginContext) => T;

/** A plugin and its configuration. */
export interface PluginDefinition<T, Config = PluginConfig> {
  create: PluginFactory<T, Config> | PluginClass<T, Config>;
  /** Schema of the configuration; `create` receives its output. @default anything */
  config?: StandardSchema<Config>;
  /** Other spellings of settings: `{ api_token: "token" }`. @default none */
  aliases?: Readonly<Record<string, string>>;
  /** Environment variables for missing settings: `{ token: "MAILER_TOKEN" }`. @default none */
  env?: Readonly<Record<string, string>>;
  /** Settings that are never shown or sent. @default none */
  secrets?: readonly string[];
  /** Behaviors only: the setting that names a plugin, with its settings beside it. */
  uses?: UsedPlugin;
  /** Job runners only: true if jobs run in another process. @default known once created */
  crossesProcess?: boolean;
  /** Behaviors only: input members that it removes, if it changes nothing else. @default unknown */
  consumes?: readonly string[];
}

/** The plugin that a behavior uses. */
export interface UsedPlugin {
  interface: AnyInterface;
  key: string;
  /** The plugin if none is named. @default an error */
  fallback?: string;
  /**
   * Selects its settings from those of the behavior, to check them when the task is built, if the
   * behavior runs in this process. @default checked when it is created
   */
  settings?(config: Readonly<Record<string, unknown>>): PluginConfig;
}

/** A plugin to register: a function, a class, or a definition. */
export type PluginSource<T, Config> =
  | PluginFactory<T, Config>
  | PluginClass<T, Config>
  | PluginDefinition<T, Config>;

/** A set of plugins, and tasks built from them. */
export interface Plugins extends CallRunner, AsyncDisposable {
  /**
   * Adds a plugin.
   *
   * @throws {RegistryError} `AlreadyExists` for a taken name; `Invalid` for a class that lacks
   * methods of the interface
   */
  register<T, Config>(
    selector: InterfaceOf<T>,
    name: string,
    source: PluginSource<NoInfer<T>, Config>,
  ): void;
  register<T>(
    selector: InterfaceOf<T>,
    name: string,
    // deno-lint-ignore no-explicit-any -- constructors may take anything
  ): <C extends new (...args: any[]) => T>(source: C, context?: unknown) => C;
  /**
   * Creates a new plugin, which you have to close.
   *
   * @param config settings; the environment may fill missing ones
   * @throws {RegistryError} `NotFound` for an unknown name; `Invalid` for settings that the schema
   * rejects or a plugin that lacks methods; `TaskFailed` if its function throws
   */
  create<T>(selector: InterfaceOf<T>, name: string, config?: PluginConfig): Promise<T>;
  /**
   * Returns the shared plugin of a name and settings, which is created once and closed with the
   * set. With functions or objects in its settings it is created each time, and you have to close
   * it.
   */
  shared<T>(selector: InterfaceOf<T>, name: string, config?: PluginConfig): Promise<T>;
  /** Returns the names of the plugins of an interface, in the order of registration. */
  names(selector: AnyInterface): string[];

  /**
   * Names a function, so that its tasks can run in another process with the same definition.
   * Returns the function.
   *
   * @throws {RegistryError} `AlreadyExists` for a taken name
   */
  defineTask<F extends TaskFunction>(name: string, fn: F): F;
  /** Creates a task of a function, without behaviors. */
  createTask<F extends TaskFunction>(fn: F): Task<Awaited<ReturnType<F>>>;
  /** Creates a task of a defined function. `NotFound` for an unknown name. */
  createTask<Result = unknown>(name: string): Task<Result>;
  /** Closes the shared plugins, as `await using` does. */
  close(): Promise<void>;
}

/** The function of a task. It receives the output of the last behavior. */
// deno-lint-ignore no-explicit-any -- behaviors determine its input
export type TaskFunction = (input: any, context: TaskContext) => unknown;

/** The context of a task's function. */
export interface TaskContext extends PluginContext {
  readonly signal: AbortSignal;
  readonly jobId?: string;
  progress(progress: PlainValue): Promise<void>;
}

/** The result of `schedule_job`. */
export interface ScheduledJob {
  scheduled: true;
  jobId: string;
}

/** Options of {@linkcode Task.submit}. */
export interface SubmitOptions extends SignalOptions {
  /**
   * The id of the first job of this submission, which is never scheduled twice.
   *
   * @default a new id
   */
  idempotencyKey?: string;
}

/** A function with behaviors around it. */
export interface Task<Result> {
  readonly name: string;
  /**
   * Adds a behavior inside the existing ones. Returns the task.
   *
   * @throws {RegistryError} `NotFound` for an unknown behavior; `Invalid` for wrong settings, and
   * for those that cannot be sent to the process of an earlier `schedule_job`
   */
  addBehavior(name: "schedule_job", config?: PluginConfig): Task<ScheduledJob>;
  addBehavior<Changed = Result>(name: string, config?: PluginConfig): Task<Changed>;
  /** The same with the interface `Behavior` first, and the name among the settings. */
  addBehavior<Changed = Result>(
    behaviors: Interface<Behavior>,
    config: { plugin: string; [setting: string]: unknown },
  ): Task<Changed>;
  /** Runs the task; may be called repeatedly. */
  submit(input?: unknown, options?: SubmitOptions): Promise<Result>;
}

/** Runs the rest of a chain and returns its result. @param input default: that of the behavior */
export type Next = (input?: unknown, options?: SignalOptions) => Promise<unknown>;

/**
 * A wrapper around the rest of a task. It may change input and result, or run the rest later,
 * repeatedly or never.
 *
 * @internal `interfaces.ts` exports it, with the interface of the same name
 */
export interface Behavior {
  /**
   * @param next runs the rest of the task
   * @param input the submitted input, or the output of the previous behavior
   */
  execute(next: Next, input: unknown, context: BehaviorContext): unknown;
}

/** The context of a behavior. */
export interface BehaviorContext extends PluginContext {
  readonly config: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  readonly task: string;
  readonly jobId?: string;
  readonly remainder: Remainder;
}

/** The rest of a task after a behavior, to be run later. */
export interface Remainder {
  readonly behaviors: readonly { name: string; config: Readonly<Record<string, unknown>> }[];
  /**
   * Passes it to a runner and returns the id of the job. Aborting the submission does not abort the
   * job.
   *
   * @param input for a runner in another process, bytes are encoded, and an input of more than 64
   * KiB is saved in the registry
   * @throws {RegistryError} `Invalid` for an input that cannot be sent
   */
  schedule(runner: JobRunner, input: unknown, options?: RemainderOptions): Promise<string>;
}

/** Options of scheduling the rest of a task. */
export type RemainderOptions = Pick<
  ScheduleOptions,
  "delayMs" | "priority" | "attempts" | "backoffMs"
>;

/** The registry for large inputs and results. */
export type TaskRegistry = Pick<Registry, "save" | "load">;
