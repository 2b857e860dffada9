// The memory of a service in another process: each method is a call by its name.
import type { ServiceMemory } from "./service_memory.ts";

type MethodNames = {
  readonly [Part in keyof ServiceMemory]: readonly (keyof ServiceMemory[Part])[];
};

const METHODS: MethodNames = {
  reads: ["goesOn"],
  folders: ["get", "set"],
  objects: ["add", "uploadsOf", "take"],
  repos: ["add", "has"],
  drafts: ["add", "isBy"],
  locks: ["take", "isWanted", "give"],
  rates: ["waitMs"],
  writes: ["note", "since"],
  trail: ["check", "checkNow", "write"],
};

export type Call = (method: string, args: readonly unknown[]) => Promise<unknown>;

/** Returns a memory whose methods are calls, such as `reads.goesOn`. */
export function memoryByCalls(call: Call): ServiceMemory {
  const parts = Object.entries(METHODS).map(([part, names]) => {
    const methods = names.map((name) =>
      [name, (...args: unknown[]) => call(`${part}.${name}`, args)] as const
    );
    return [part, Object.fromEntries(methods)] as const;
  });
  return Object.fromEntries(parts) as unknown as ServiceMemory;
}

/** Answers a call of another process. Rejects for an unknown method. */
export async function answerCall(
  memory: ServiceMemory,
  method: string,
  args: readonly unknown[],
): Promise<unknown> {
  const [part = "", name = ""] = method.split(".");
  const names: readonly string[] = Object.hasOwn(METHODS, part)
    ? METHODS[part as keyof ServiceMemory]
    : [];
  if (!names.includes(name)) throw new Error(`Cannot call ${method}: no such method`);
  const methods = memory[part as keyof ServiceMemory] as unknown as Record<
    string,
    (...args: readonly unknown[]) => Promise<unknown>
  >;
  return await methods[name]!(...args);
}
