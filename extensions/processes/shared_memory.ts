// The memory of a service in another process: each method is a call by its name.
import type { MemoryKind, MethodsOf } from "../../apps/server/memory/service_memory.ts";
import { MEMORY_PARTS, type ServiceMemory } from "../../apps/server/memory/service_memory.ts";

/** A method, such as `reads.goesOn`, and its arguments. */
export type Called = readonly [method: string, args: readonly unknown[]];

/**
 * Returns a memory whose methods are calls.
 *
 * @param call receives what a gateway remembers too, if the call is for that
 */
export function memoryByCalls(
  call: (called: Called, kinds: readonly MemoryKind<object>[]) => Promise<unknown>,
): ServiceMemory {
  const byCalls = (part: string, kind: Methods, kinds: readonly MemoryKind<object>[] = []) => {
    const methods = methodsOf(kind).map((name) => {
      const method = (...args: unknown[]) => call([`${part}.${name}`, args], kinds);
      return [name, method] as const;
    });
    return Object.fromEntries(methods);
  };
  const parts = Object.entries(MEMORY_PARTS).map(([part, kind]) =>
    [part, byCalls(part, kind)] as const
  );
  const of = <T extends object>(kind: MemoryKind<T>) =>
    byCalls(kind.id, kind, [kind]) as MethodsOf<T>;
  return Object.fromEntries([...parts, ["of", of]]) as unknown as ServiceMemory;
}

/**
 * Answers a call of another process. Rejects for an unknown method.
 *
 * @param kinds what the gateways of the service remember
 */
export async function answerCall(
  memory: ServiceMemory,
  [method, args]: Called,
  kinds: readonly MemoryKind<object>[] = [],
): Promise<unknown> {
  const dot = method.lastIndexOf(".");
  const part = method.slice(0, dot), name = method.slice(dot + 1);
  const gateway = kinds.find(({ id }) => id === part);
  const kind = gateway ??
    (Object.hasOwn(MEMORY_PARTS, part)
      ? MEMORY_PARTS[part as keyof typeof MEMORY_PARTS]
      : undefined);
  if (kind === undefined || !methodsOf(kind).includes(name)) {
    throw new Error(`Cannot call ${method}: no such method`);
  }
  const methods = gateway === undefined
    ? memory[part as keyof typeof MEMORY_PARTS]
    : memory.of(gateway);
  return await (methods as unknown as Record<string, Method>)[name]!(...args);
}

interface Methods {
  readonly prototype: object;
}

type Method = (...args: readonly unknown[]) => Promise<unknown>;

function methodsOf({ prototype }: Methods): string[] {
  return Object.getOwnPropertyNames(prototype).filter((name) => name !== "constructor");
}
