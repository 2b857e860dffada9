// The border of the registry for transfers: writes of uploads that arrive in pieces.
export { graceAt, readGraces } from "./cell/graces.ts";
export { uploadKey, UPLOADS } from "./format/layout.ts";
export { checkWritable, contextOf } from "./operations/context.ts";
export { StoredContent } from "./payload/stored_content.ts";
export type { Context } from "./operations/context.ts";
