// Classes with one instance for each operator id, as those of general_pipeline have.
import { described, invalid } from "../core/kernel.ts";
import type { OperatorClass } from "./operator.ts";

/** The classes behind those that `singleton` returned. */
const CLASSES = new WeakMap<OperatorClass, OperatorClass>();

/**
 * Returns the class with one instance for each `operatorId` of its first argument. Classes that
 * extend it make instances of their own.
 *
 * @param kept the instances, until it is cleared
 */
export function singleton<T extends OperatorClass>(source: T, kept: Map<unknown, object>): T {
  const single: T = new Proxy(source, {
    construct(target, args, made) {
      if (made !== single) return Reflect.construct(target, args, made);
      const id = idIn(target, args[0]);
      const instance = kept.get(id) ?? Reflect.construct(target, args);
      kept.set(id, instance);
      return instance;
    },
  });
  CLASSES.set(single, source);
  return single;
}

/** Returns the class that makes a new instance. */
export function manyOf(source: OperatorClass): OperatorClass {
  return CLASSES.get(source) ?? source;
}

/** Returns the id in an argument. All arguments without one would share an instance. */
function idIn({ name }: OperatorClass, args: unknown): unknown {
  if (args === undefined) return undefined;
  const id: unknown = Object(args).operatorId;
  if (id !== undefined) return id;
  const state = typeof args === "object"
    ? "its argument has no operatorId"
    : `its argument is ${described(args)}`;
  throw invalid("create an operator of class", name, state, {
    hint: `Pass an object: new ${name}({ operatorId: "x" }).`,
  });
}
