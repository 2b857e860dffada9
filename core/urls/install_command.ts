// The command that installs a package where this library finds it.

/** The part of `node:fs` that this needs. Bundles for browsers have none. */
interface Files {
  existsSync(path: string): boolean;
}

/**
 * Returns the command of npm, pnpm or Bun for the folder that this library is installed in: that of
 * a project, or the global one, which a command without `--global` does not change.
 *
 * @param url a module of this library
 * @param files @default those of the runtime, if it has any
 */
export function installCommand(
  name: string,
  url: string = import.meta.url ?? "", // none in a bundle of CommonJS
  files: Files | undefined = runtimeFiles(),
): string {
  const at = url.lastIndexOf("/node_modules/");
  if (at < 0) return `npm install ${name}`;
  const folder = decodeURIComponent(url.slice(0, at)).replace(/^file:\/\/(\/(?=[a-z]:))?/i, "");
  if (folder.includes("/.pnpm/")) {
    return `pnpm add ${folder.includes("/pnpm/global/") ? "--global " : ""}${name}`;
  }
  if (folder.endsWith("/.bun/install/global")) return `bun add --global ${name}`;
  if (folder.includes("/_npx/")) {
    return `npx --package @holdfast/holdfast --package ${name} holdfast`;
  }
  const isOfProject = files?.existsSync(`${folder}/package.json`) ?? true;
  if (isOfProject) return `npm install ${name}`;
  const prefix = folder.replace(/(.)\/lib$/, "$1");
  const word = /^[\w@%+=:,./-]+$/.test(prefix) ? prefix : JSON.stringify(prefix);
  return `npm install --global --prefix ${word} ${name}`;
}

function runtimeFiles(): Files | undefined {
  const { process } = globalThis as {
    process?: { getBuiltinModule?(name: string): Files | undefined };
  };
  return process?.getBuiltinModule?.("node:fs");
}
