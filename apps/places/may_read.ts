/**
 * Whether a file may be read, without asking anybody.
 *
 * @module
 */

/** Whether this may be read. Deno would ask the person at the terminal: what nobody granted counts as denied. */
export function mayRead(path: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}
