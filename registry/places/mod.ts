// Finding and opening registries, as `openRegistry` and the command line do.
export { explainFailure } from "./explain_failure.ts";
export {
  checkFolder,
  DEFAULT_FOLDER,
  findRegistry,
  originOf,
  tokenSourceOf,
} from "./find_registry.ts";
export type { FindRegistryOptions, FoundRegistry } from "./find_registry.ts";
export {
  configurationFile,
  configurationFolder,
  isRemoteName,
  parseConfiguration,
  readConfiguration,
  readRemotes,
  remoteProblem,
} from "./remotes.ts";
export type { Remote, RemotesOptions } from "./remotes.ts";
