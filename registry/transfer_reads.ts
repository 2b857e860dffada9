// The border of the registry for transfers: reads of stored files, for presigned URLs.
export { fileInfo } from "./cache/read.ts";
export type { Located } from "./cell/heads.ts";
export { runsOf } from "./cell/part_runs.ts";
export { contextOf } from "./operations/context.ts";
export type { Context } from "./operations/context.ts";
export { payloadSource } from "./operations/load.ts";
export { locate } from "./operations/resolve.ts";
export type { PayloadSource } from "./payload/store_reader.ts";
