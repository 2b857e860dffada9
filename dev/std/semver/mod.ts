// Stand-in for jsr:@std/semver where JSR cannot be reached: the same code from npm, only the names that are used.
export { compare, parse, parseRange, satisfies } from "npm:std-semver@1.0.8";
export type { Range, SemVer } from "npm:std-semver@1.0.8";
