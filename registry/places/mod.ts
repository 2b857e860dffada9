// Finding and opening registries, as `openRegistry` and the command line do.
export { explainFailure } from "./explain_failure.ts";
export {
  checkFolder,
  DEFAULT_FOLDER,
  findRegistry,
  originOf,
  tokenSourceOf,
} from "./find_registry.ts";
export type { FindRegistryOptions, FoundRegistry, TokenSource } from "./find_registry.ts";
export {
  checkRemoteName,
  configurationFolder,
  isRemoteName,
  readRemotes,
  setRemote,
} from "./remotes.ts";
export type { Remote, Remotes, RemotesOptions } from "./remotes.ts";
