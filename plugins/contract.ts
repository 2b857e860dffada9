// What a set of plugins can do, and what behaviors and tasks are.
import type { Logger, Registry, SignalOptions } from "../core/registry.ts";
import type { CallRunner, JobRunner, ScheduleOptions } from "./job_runner.ts";
import type { StandardSchema } from "../core/standard_schema.ts";
import type { System } from "../core/system.ts";
import type { PlainValue } from "../core/text/plain_value.ts";
import type { AnyInterface, InterfaceOf } from "./interface.ts";

/** Settings of a plugin or a behavior, by name. They are never changed, neither by what is made with them. */
export type PluginConfig = object;

/** What a plugin is made with besides its configuration. */
export interface PluginContext {
  readonly plugins: Plugins;
  readonly system: System;
  readonly logger: Logger;
}

/** Makes a plugin. */
export type PluginFactory<T, Config> = (config: Config, context: PluginContext) => T | Promise<T>;

/** A class of plugins: `new Class(config, context)`. */
export type PluginClass<T, Config> = new (config: Config, context: PluginContext) => T;

/** A plugin, and what is known of its configuration. */
export interface PluginDefinition<T, Config = PluginConfig> {
  create: PluginFactory<T, Config> | PluginClass<T, Config>;
  /** What the configuration must be; its output is what `create` gets. @default anything */
  config?: StandardSchema<Config>;
  /** Other spellings of settings: `{ api_token: "token" }`. @default none */
  aliases?: Readonly<Record<string, string>>;
  /** Variables of the environment that fill settings which are not given: `{ token: "MAILER_TOKEN" }`. @default none */
  env?: Readonly<Record<string, string>>;
  /** Settings that are shown nowhere and travel nowhere. @default none */
  secrets?: readonly string[];
  /** Of a behavior: the setting that names a plugin, whose settings are given beside it. */
  uses?: UsedPlugin;
  /** Of a job runner: what it is given runs in another process. @default not known before one is made */
  crossesProcess?: boolean;
  /** Of a behavior: the members of its input that it takes away, and it changes nothing else. @default not known */
  consumes?: readonly string[];
}

/** The plugin that a behavior uses. */
export interface UsedPlugin {
  interface: AnyInterface;
  key: string;
  /** Which it is where none is named. @default one must be named */
  fallback?: string;
  /**
   * Its settings, of those of the behavior: then they are checked when the task is built, where the behavior is to run in
   * this process. @default they are checked when it is made
   */
  settings?(config: Readonly<Record<string, unknown>>): PluginConfig;
}

/** What can be registered: a function or a class that makes plugins, or one with what is known of its configuration. */
export type PluginSource<T, Config> =
  | PluginFactory<T, Config>
  | PluginClass<T, Config>
  | PluginDefinition<T, Config>;

/** A set of plugins, and the tasks that are made of them. */
export interface Plugins extends CallRunner, AsyncDisposable {
  /**
   * Adds a plugin: a function or a class that makes it, or one of both with what is known of its settings.
   *
   * @throws {RegistryError} `AlreadyExists` for a name that is taken; `Invalid` for a class without a method of the
   * interface, naming all that are missing
   */
  register<T, Config>(
    plugin: InterfaceOf<T>,
    name: string,
    source: PluginSource<NoInfer<T>, Config>,
  ): void;
  register<T>(
    plugin: InterfaceOf<T>,
    name: string,
    // deno-lint-ignore no-explicit-any -- what a class is made with is its own affair
  ): <C extends new (...args: any[]) => T>(source: C, context?: unknown) => C;
  /**
   * Makes a plugin, each time a new one, which is yours to close.
   *
   * @param config its settings; what is not given is taken from the environment where the plugin says so
   * @throws {RegistryError} `NotFound` for a name that is not registered, with those that are; `Invalid` for settings
   * that its schema refuses, and for what does not meet the interface; `TaskFailed` where making it failed
   */
  create<T>(plugin: InterfaceOf<T>, name: string, config?: PluginConfig): Promise<T>;
  /**
   * The plugin of a name for these settings: made once, the same from then on, and closed with the set. What has
   * functions or objects of yours among its settings is made each time anew, and they are yours to close.
   */
  shared<T>(plugin: InterfaceOf<T>, name: string, config?: PluginConfig): Promise<T>;
  /** The names of the plugins of an interface, in the order they were added. */
  names(plugin: AnyInterface): string[];

  /**
   * Names a function, so that tasks of it can run in another process that defines the same. Returns the function.
   *
   * @throws {RegistryError} `AlreadyExists` for a name that is taken
   */
  defineTask<F extends TaskFunction>(name: string, fn: F): F;
  /** A task of a function that was defined, or is given: a chain of behaviors around it, none at first. */
  createTask<F extends TaskFunction>(fn: F): Task<Awaited<ReturnType<F>>>;
  /** A task of a function that was defined under this name; any other name is `NotFound`. */
  createTask<Result = unknown>(name: string): Task<Result>;
}

/** What a task does in the end: it gets what the last behavior hands on. */
// deno-lint-ignore no-explicit-any -- behaviors before it decide what it gets
export type TaskFunction = (input: any, context: TaskContext) => unknown;

/** What a task's function is told. */
export interface TaskContext extends PluginContext {
  /** Aborted where the task is to end. */
  readonly signal: AbortSignal;
  readonly jobId?: string;
  progress(progress: PlainValue): Promise<void>;
}

/** What `schedule_job` gives. */
export interface ScheduledJob {
  scheduled: true;
  jobId: string;
}

/** Options of {@linkcode Task.submit}. */
export interface SubmitOptions extends SignalOptions {
  /** What the first job of this submission is called: one that is known under it is not scheduled again. @default a new id */
  idempotencyKey?: string;
}

/** A function with behaviors around it. */
export interface Task<Result> {
  readonly name: string;
  /**
   * Puts a behavior inside of those that are there: the first is the outermost. Returns the task.
   *
   * @throws {RegistryError} `NotFound` for one that is not registered; `Invalid` for wrong settings, and for what could
   * not travel where a behavior before it sends the remainder to another process
   */
  addBehavior(name: "schedule_job", config?: PluginConfig): Task<ScheduledJob>;
  addBehavior<Changed = Result>(name: string, config?: PluginConfig): Task<Changed>;
  /** Runs it, as often as you like. */
  submit(input?: unknown, options?: SubmitOptions): Promise<Result>;
}

/** Options of calling the remainder of a chain. */
export interface NextOptions {
  signal?: AbortSignal;
}

/** Runs the remainder of a chain and gives its result. Without an input it gets that of the behavior itself. */
export type Next = (input?: unknown, options?: NextOptions) => Promise<unknown>;

/** What surrounds the remainder of a task: it may change the input and the result, run it later, often, or not at all. */
export interface Behavior {
  /**
   * Is called where the task comes to it.
   *
   * @param next the remainder
   * @param input what was submitted, or what the behavior before hands on
   */
  execute(next: Next, input: unknown, context: BehaviorContext): unknown;
}

/** What a behavior is told. */
export interface BehaviorContext extends PluginContext {
  /** Its settings, as they were checked when the task was built. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Aborted where the task is to end. */
  readonly signal: AbortSignal;
  readonly task: string;
  readonly jobId?: string;
  readonly remainder: Remainder;
}

/** What comes after a behavior, to be run later. */
export interface Remainder {
  readonly behaviors: readonly { name: string; config: Readonly<Record<string, unknown>> }[];
  /**
   * Gives it to a runner, and returns the id of the job. What ends the submission does not end the job.
   *
   * @param input what it is called with; behind a runner that crosses to another process, bytes are encoded, and an
   * input of more than 64 KiB is put into the registry
   * @throws {RegistryError} `Invalid` for what cannot travel, with the reason
   */
  schedule(runner: JobRunner, input: unknown, options?: RemainderOptions): Promise<string>;
}

/** When, and how often, what remains is run: see {@linkcode ScheduleOptions}. */
export type RemainderOptions = Pick<
  ScheduleOptions,
  "delayMs" | "priority" | "attempts" | "backoffMs"
>;

/** What a set of plugins keeps large inputs and results in. */
export type TaskRegistry = Pick<Registry, "save" | "load">;
