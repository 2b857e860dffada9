// Stand-in for jsr:@std/path where JSR cannot be reached: the same code from npm, only the names that are used.
// @ts-types="./types.d.ts"
export {
  basename,
  dirname,
  extname,
  fromFileUrl,
  isAbsolute,
  join,
  normalize,
  relative,
  resolve,
  SEPARATOR,
  toFileUrl,
} from "npm:deno-std@1.4.0/path/mod.js";
