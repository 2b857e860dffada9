/**
 * File storages in a folder, in a bucket, or in memory.
 *
 * @module
 */
export type { Backend } from "../core/backend.ts";
export type { PluginContext } from "./contract.ts";
export { createFileStorage, type FileStorageOptions } from "./storage/backend_storage.ts";
export type * from "./storage/file_storage.ts";
export { openStorage, type StorageSettings } from "./storage/open_storage.ts";
