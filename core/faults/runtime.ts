// The runtime and the system that this program runs on, also in browsers. Import them from
// `core/system.ts`, except in `errno.ts`: the errors that `system.ts` throws need it.

/**
 * Returns a module of the runtime (`node:crypto`) without an import, which bundlers for browsers
 * cannot resolve; undefined in browsers, and in Workers without `nodejs_compat`.
 */
export function builtinModule<Module>(name: string): Module | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  return process?.getBuiltinModule?.(name) as Module | undefined;
}

export function isWindows(): boolean {
  const { process } = globalThis as { process?: { platform?: string } };
  return process?.platform === "win32";
}
