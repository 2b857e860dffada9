/**
 * Whether a file may be read, without asking anybody.
 *
 * @module
 */

/** What Deno tells of its permissions; Node and Bun have none. */
interface DenoRuntime {
  permissions: { querySync(descriptor: { name: "read"; path: string }): { state: string } };
}

/** Whether this may be read. Deno would ask the person at the terminal: what nobody granted counts as denied. */
export function mayRead(path: string): boolean {
  const { Deno } = globalThis as { Deno?: DenoRuntime };
  return Deno === undefined || Deno.permissions.querySync({ name: "read", path }).state === "granted";
}
