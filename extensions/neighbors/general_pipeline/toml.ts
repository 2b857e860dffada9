// The only module that imports a parser of TOML.
import { parse } from "npm:smol-toml@^1.9";

export function parseToml(text: string): unknown {
  return parse(text);
}
