// Whether a file may be read or written, without asking anybody.
/** What Deno tells of its permissions; Node and Bun have none. */
interface DenoRuntime {
  permissions: {
    querySync(descriptor: { name: "read" | "write"; path: string }): { state: string };
  };
}

/** Whether this may be read. */
export function mayRead(path: string): boolean {
  return isGranted("read", path);
}

/** Whether this program was granted it. Deno would ask the person at the terminal: what nobody granted counts as denied. */
export function isGranted(name: "read" | "write", path: string): boolean {
  const { Deno } = globalThis as { Deno?: DenoRuntime };
  return Deno === undefined || Deno.permissions.querySync({ name, path }).state === "granted";
}
