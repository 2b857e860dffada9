// Changes the user's names of registries: the kernel reads them, only the command line writes them.
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { denied, invalid } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import { realSystem } from "../../../core/system.ts";
import { checkLocalPath, isUrl } from "../../../core/urls/local_path.ts";
import { onDisk } from "../../../disk/file_errors.ts";
import {
  configurationFile,
  isRemoteName,
  parseConfiguration,
  readConfiguration,
  type Remote,
  remoteProblem,
  type RemotesOptions,
} from "../../../registry/places/mod.ts";
import { changeFile } from "../../change_file.ts";

/**
 * Names a registry, or removes the name if `remote` is undefined. Returns the path of the file.
 *
 * @throws {RegistryError} `Invalid` for an invalid name or location, `Denied` if the file cannot be
 * written
 */
export function setRemote(
  name: string,
  remote: Remote | undefined,
  { system = realSystem }: RemotesOptions = {},
): string {
  checkRemoteName(name);
  const location: unknown = remote?.location;
  const isPath = typeof location === "string" && !isUrl(location) && !/^file:/i.test(location);
  if (isPath) checkLocalPath(location, "name a registry at");
  const state = remote && remoteProblem(remote);
  if (state !== undefined) {
    throw invalid("name a registry", shown(name), state, {
      hint: 'Pass an absolute path or a URL without credentials: { location: "s3://bucket/team" }',
    });
  }
  const file = configurationFile(system);
  if (file === undefined) {
    const state = "neither HOME nor XDG_CONFIG_HOME is set";
    throw denied("use names of registries", undefined, state, { hint: "Set one of them." });
  }
  readConfiguration(file); // throws if others can write it
  onDisk("write", file, () => mkdirSync(dirname(file), { recursive: true, mode: 0o700 }));
  changeFile("write", file, (text) => {
    const configuration = text === undefined ? {} : parseConfiguration(text, file);
    const { [name]: _, ...others } = configuration.registries ?? {};
    const registries = remote === undefined ? others : { ...others, [name]: remote };
    return `${JSON.stringify({ ...configuration, registries }, undefined, 2)}\n`;
  });
  return file;
}

/** Throws `Invalid` for an invalid name: use letters, digits, dots, dashes and underscores. */
export function checkRemoteName(name: string): void {
  if (isRemoteName(name)) return;
  throw invalid("name a registry", shown(name), "invalid characters", {
    hint: "Start with a letter or digit, then add letters, digits, dots, dashes and underscores.",
  });
}
