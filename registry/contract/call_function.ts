// The body of a function over registries. Its row gives it what rows give methods: checks of
// options, words of errors, logs and spans.
import { wordsOf } from "../../core/calls/verb_call.ts";
import { checkToolOptions, type OptionNames } from "../../core/options/check_options.ts";
import { SIGNAL } from "../../core/registry/operations/row.ts";
import type { RegistryService } from "../../core/registry/service.ts";
import type { Registry } from "../../core/registry.ts";
import { type CalledRow, callOf, failing, wrapperOf } from "./wrap_verbs.ts";

type Last<Args extends unknown[]> = Args extends readonly [...unknown[], infer O] ? O
  : never;

/** A function over registries, whose last argument is its options. */
interface FunctionRow<Args extends unknown[], Result> extends Omit<CalledRow, "takes"> {
  /** Its options beside `signal`, which every function has. */
  options: OptionNames<Omit<Last<Args>, "signal">>;
  required?: readonly (keyof Last<Args> & string)[];
  /** Calls the service of the registry; undefined if it does not have the operation. */
  service?: (service: RegistryService, ...args: Args) => Result | undefined;
  /** Imports the code for all other registries, so that it is loaded at the first call. */
  here: () => Promise<(registry: Registry, ...args: Args) => Result>;
}

/** Calls a function with the arguments that follow the registry. */
export async function callFunction<Args extends unknown[], T>(
  registry: Registry,
  args: readonly [...Args],
  row: FunctionRow<Args, Promise<T>>,
): Promise<T> {
  const called = calledRow(registry, args, row);
  const call = (...checked: unknown[]) => resultOf(registry, checked as Args, row);
  return await wrapperOf(registry).call(called, call)(...args) as T;
}

/** Calls a function that lists. Its errors are thrown by the list. */
export function listByFunction<Args extends unknown[], T>(
  registry: Registry,
  args: readonly [...Args],
  row: FunctionRow<Args, AsyncIterable<T>>,
): AsyncIterable<T> {
  const list = async function* (...checked: unknown[]) {
    yield* await resultOf(registry, checked as Args, row);
  };
  try {
    const called = calledRow(registry, args, row);
    return wrapperOf(registry).listing(called, list)(...args) as AsyncIterable<T>;
  } catch (error) {
    return failing(error);
  }
}

function calledRow(
  registry: Registry,
  args: readonly unknown[],
  row: Omit<CalledRow, "takes">,
): CalledRow {
  const options = { ...row.options, ...SIGNAL };
  const called = { ...row, options, takes: args.slice(0, -1) };
  const action = wordsOf(callOf(row.action, called, args));
  checkToolOptions(action, registry, args.at(-1), options, row.required);
  return called;
}

async function resultOf<Args extends unknown[], Result>(
  registry: Registry,
  args: Args,
  { service, here }: FunctionRow<Args, Result>,
): Promise<Awaited<Result>> {
  const asked = registry.service && service?.(registry.service, ...args);
  return await (asked ?? (await here())(registry, ...args));
}
