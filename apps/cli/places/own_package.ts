// This package for modules of the user's own code, where it is not installed beside them: a global
// `holdfast` of npm runs them, and Node and Bun search packages only in the folders above a module.
import { createRequire } from "node:module";
import * as nodeModule from "node:module";
import manifest from "../../../deno.json" with { type: "json" };

const { name, exports } = manifest;

interface Resolution {
  url: string;
}

type Resolve = (specifier: string, context: { parentURL?: string }) => Resolution;

interface NodeHooks {
  /** Absent before Node 22.15, and in Bun. */
  registerHooks?(hooks: {
    resolve(
      specifier: string,
      context: { parentURL?: string },
      next: Resolve,
    ): Resolution;
  }): void;
}

interface BunBuilder {
  module(
    specifier: string,
    load: () => Promise<{ loader: "object"; exports: Record<string, unknown> }>,
  ): void;
}

interface BunRuntime {
  plugin(plugin: { name: string; setup(build: BunBuilder): void }): void;
}

let isOffered = false;

/** Lets a module import this package, and those that it imports. One beside it comes first. */
export function offerOwnPackage(path: string): void {
  const { Bun } = globalThis as { Bun?: BunRuntime };
  if ("Deno" in globalThis || isOffered) return;
  isOffered = true;
  if (Bun === undefined) offerOnNode();
  else if (!isInstalledBeside(path)) offerOnBun(Bun);
}

function offerOnNode(): void {
  (nodeModule as NodeHooks).registerHooks?.({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        if (specifier !== name && !specifier.startsWith(`${name}/`)) throw error;
        return next(specifier, { ...context, parentURL: import.meta.url }); // refers to itself
      }
    },
  });
}

function offerOnBun(bun: BunRuntime): void {
  bun.plugin({
    name,
    setup(build) {
      for (const entry of Object.keys(exports)) {
        const specifier = name + entry.slice(1);
        const own = import.meta.resolve(specifier);
        build.module(specifier, async () => ({ loader: "object", exports: await import(own) }));
      }
    },
  });
}

function isInstalledBeside(path: string): boolean {
  try {
    createRequire(path).resolve(`${name}/package.json`);
    return true;
  } catch {
    return false;
  }
}
