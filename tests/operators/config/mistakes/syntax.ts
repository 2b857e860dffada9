// Mistakes of what a text is.
import { A, one } from "./mistake.ts";
import type { Mistake } from "./mistake.ts";

/** Mistakes of what a text is. */
export const OF_SYNTAX: readonly Mistake[] = [
  { name: "nothing", text: "‸", says: /file is empty/, hint: /pipeline:/ },
  { name: "no mapping", text: "‸- a\n", says: /a list is not a mapping/, hint: /keys with values/ },
  {
    name: "a tab for an indent",
    text: "pipeline:\n‸\toperators: []\n",
    says: /[Tt]ab/,
    hint: /spaces/,
  },
  {
    name: "an open quote",
    text: `pipeline: { pipeline_id: "a }\n‸`,
    says: /quote/,
    hint: /Close the quote/,
  },
  {
    name: "an open bracket",
    text: `pipeline: { operators: [a, b ‸}\n`,
    says: /must be sufficiently indented and end with a \]/,
    hint: /Close the bracket/,
  },
  {
    name: "a key twice",
    text: `pipeline: ${A}\n‸pipeline: ${A}\n`,
    says: /"pipeline" is there twice/,
    hint: /Remove one/,
  },
  {
    name: "a colon in a text",
    text: "pipeline: ‸a: b: c\n",
    says: /[Nn]ested mappings/,
    hint: /in quotes/,
  },
  {
    name: "a tag",
    text: one("params: { a: !!js/date ‸2020 }"),
    says: /tag/,
    hint: /Leave the tag out/,
  },
  {
    name: "a merge key",
    text: one("params: { ‸<<: { a: 1 }, b: 2 }"),
    says: /"<<" merges nothing/,
    hint: /variables/,
  },
  { name: "an alias of nothing", text: one("params: { a: ‸*b }"), says: /anchor/, hint: /&name/ },
  {
    name: "a second document",
    text: `pipeline: { operators: [${A}] }\n‸---\na: 1\n`,
    says: /second document/,
    hint: /---/,
  },
  {
    name: "a number too long",
    text: one("params: { a: ‸12345678901234567890 }"),
    says: /64 bits/,
    hint: /quotes/,
  },
  {
    name: "a key that is no text",
    text: one("params: { ‸[a]: 1 }"),
    says: /key is no text/,
    hint: /texts/,
  },
  { name: "wrong TOML", language: "toml", text: "[pipeline]\na = ‸\n", says: /./, hint: /TOML/ },
  {
    name: "a date in TOML",
    language: "toml",
    text: `[[pipeline.operators]]\noperator_id = "a"\nparams.d = ‸1979-05-27\n`,
    says: /date/,
    hint: /quotes/,
  },
  {
    name: "wrong JSON",
    language: "json",
    text: `{ "pipeline": { "operators": [‸}, 1 }`,
    says: /./,
    hint: /./,
  },
];
