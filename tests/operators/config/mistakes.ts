// Mistakes that people make in a configuration: the reported position and advice for each.

/** A configuration with `‸` at the reported position, the message, the hint, and the language if it is not YAML. */
export type Mistake = [text: string, says: RegExp, hint: RegExp, language?: "json"];

/** A pipeline of operators that have these lines, each indented by two steps. */
export function operators(...blocks: string[]): string {
  return `pipeline:\n  operators:\n${
    blocks.map((block) => `    - ${block.replaceAll("\n", "\n      ")}\n`).join("")
  }`;
}

/** One operator with one more line. */
export const one = (line: string) => operators(`operator_id: a\n${line}`);

/** A pipeline of one operator, with more keys on the same line. */
export const A = "{ operator_id: a }";

/** A pipeline of the operator `a` with more keys. */
const beside = (keys: string) => `pipeline: { operators: [${A}], ${keys} }\n`;

/** A pipeline with these nodes. */
const nodes = (list: string, operators = A) =>
  `pipeline: { operators: [${operators}], nodes: [${list}] }\n`;

/** Mistakes about the types of strings. */
export const OF_SYNTAX: readonly Mistake[] = [
  ["‸", /file is empty/, /pipeline:/],
  ["‸- a\n", /a list is not a mapping/, /keys with values/],
  ["pipeline:\n‸\toperators: []\n", /[Tt]ab/, /spaces/],
  [`pipeline: { pipeline_id: "a }\n‸`, /quote/, /Close the quote/],
  [
    `pipeline: { operators: [a, b ‸}\n`,
    /must be sufficiently indented and end with a \]/,
    /Close the bracket/,
  ],
  [`pipeline: ${A}\n‸pipeline: ${A}\n`, /"pipeline"/, /Remove one/],
  ["pipeline: ‸a: b: c\n", /[Nn]ested mappings/, /Quote/],
  [one("params: { a: !!js/date ‸2020 }"), /tag/, /Remove the tag/],
  [one("params: { ‸<<: { a: 1 }, b: 2 }"), /"<<" merges nothing/, /variables/],
  [one("params: { a: ‸*b }"), /anchor/, /&name/],
  [`pipeline: { operators: [${A}] }\n‸---\na: 1\n`, /second document/, /---/],
  [one("params: { a: ‸12345678901234567890 }"), /64-bit/, /Quote/],
  [one("params: { ‸[a]: 1 }"), /key/, /strings/],
  [`{ "pipeline": { "operators": [‸}, 1 }`, /./, /./, "json"],
];

/** Mistakes of keys and types. */
export const OF_KEYS: readonly Mistake[] = [
  ["‸variables: {}\n", /there is no pipeline/, /pipeline: \{/],
  [
    `pipeline: { operators: [${A}] }\n‸varables: {}\n`,
    /unknown key "varables"/,
    /Did you mean variables/,
  ],
  [`pipeline: { operators: [${A}] }\n‸nodes: []\n`, /unknown key "nodes"/, /under pipeline/],
  [`pipeline:\n  operators: [${A}]\n  ‸workdir: x\n`, /unknown key "workdir"/, /work_dir/],
  [one("‸timout: 5s"), /unknown key "timout"/, /Did you mean timeout/],
  [nodes("{ node_id: n, ‸runners: 2 }"), /unknown key "runners"/, /runner_count/],
  [one("resource: { ‸cpu: 2 }"), /unknown key "cpu"/, /cpu_request/],
  ["pipeline: ‸{ pipeline_id: a }\n", /no operators/, /operators: \{ refs/],
  ["pipeline: { operators: ‸[] }\n", /empty/, /Add an item/],
  [operators("‸params: {}"), /no operator_id/, /operator_id: clean/],
  [nodes("‸{ runner_count: 1 }"), /no node_id/, /node_id:/],
  [operators("operator_id: ‸../a"), /"..\/a" is not an id/, /letters, digits/],
  [one("version: ‸1.0"), /not a version/, /quotes/],
  [one("params: ‸[a]"), /a list is not a mapping/, /names and values/],
  [one("upstream_dependencies: ‸{ a: b }"), /a mapping is not a list/, /\[a, b\]/],
  [one("shards: ‸two"), /"two" is not an integer/, /integer from 1/],
  [one("shards: ‸0"), /0 is not an integer/, /from 1/],
  [one("env_config: { kind: uv, ‸install: true }"), /unknown key "install"/, /kind, name/],
  [one("run_as: ‸worker"), /"worker" is not one of/, /Write one of: thread, command/],
  [one("run_as: ‸thraed"), /"thraed" is not one of/, /Did you mean thread/],
  [one("env_config: { kind: ‸conda, name: ml }"), /"conda" is not one of/, /Write one of/],
  [one("env_config: { kind: ‸venv }"), /not one of plain, uv/, /Write one of/],
  [one("env_config: ‸{ name: x }"), /no kind/, /kind: uv/],
  [beside("log_config: { level: ‸warning }"), /"warning" is not one of/, /Did you mean warn/],
  [one("resource: { memory_limit: ‸4Gb }"), /"4Gb" is not a size/, /512Mi, 4Gi/],
  [one("resource: { cpu_limit: ‸half }"), /not a number of cores/, /500m/],
  [one("timeout: ‸5 minutes"), /not a time/, /30m/],
  [one("timeout: ‸0"), /not a time/, /90s/],
  [one("metrics: ‸3"), /3 is not the path of a file of metrics/, /metrics\.json/],
  [one("metrics: [a.json, ‸a.json]"), /listed twice/, /Remove one/],
  [one("rerun: [‸input]"), /"input" is not one of/, /Did you mean inputs/],
  [one("retries: { exit_codes: [‸0] }"), /not an integer from 1 to 5/, /1 to 5/],
  [one("extra_env_vars: { ‸1A: x }"), /"1A" is not a valid name/, /not beginning with a digit/],
  [one("extra_env_vars: { A: ‸[x] }"), /a list is not the value/, /from_env/],
  [
    beside("operators_module: ‸https://example.org/o.ts"),
    /is not a path/,
    /\.\/operators\.ts/,
  ],
];

const LONG = "ä".repeat(64 * 1024);

/** Mistakes of commands, places and secrets. */
export const OF_VALUES: readonly Mistake[] = [
  [one("metrics: ‸metrics.txt"), /does not end in \.json/, /metrics\.json/],
  [one("metrics: [a.json, ‸../b.json]"), /cannot name metrics/, /below OUTPUT_ROOT/],
  [one("params: { a: [1, ‸.inf] }"), /cannot record the number Infinity/, /a string/],
  [one("params: { a: ‸.nan }"), /cannot record the number NaN/, /a string/],
  [one("params: { a: { b: ‸-0.0 } }"), /cannot record the number -0/, /a string/],
  [one('params: { a: ‸"\\ud800" }'), /not well-formed/, /base64/],
  [one('extra_env_vars: { A: ‸"a\\0b" }'), /NUL/, /Remove it/],
  [one('start_command: [echo, ‸"a\\0b"]'), /NUL/, /Remove it/],
  [one('script: ‸"echo \\0"'), /NUL/, /Remove it/],
  [one("start_command: ‸cat a"), /"cat a" is not a list/, /Write a list: \[a, b\]/],
  [one("start_command: [echo]\nrun_as: ‸thread"), /beside start_command/, /Remove run_as/],
  [one("script: echo\nrun_as: ‸thread"), /beside script/, /Remove run_as/],
  [one("start_command: [echo]\nscript: ‸echo"), /script beside start_command/, /Remove one/],
  [one("git_tag: ‸v1"), /requires git_repo/, /Add git_repo/],
  ["pipeline: { operators: { refs: [‸a:b:c] } }\n", /is not a ref/, /id:version/],
  ["pipeline: { operators: { refs: [‸../a] } }\n", /is not a ref/, /id:version/],
  ["pipeline: { operators: { refs: ‸a } }\n", /not a list of refs/, /\[cleaner:v1.0\]/],
  ["pipeline: { operators: { refs: [a], ‸more: [] } }\n", /unknown key "more"/, /without refs/],
  [
    one("inputs: { x: ‸regstry:data }"),
    /"regstry:" is not a kind of input/,
    /Did you mean registry/,
  ],
  [one(`inputs: { x: ‸"registry:data@" }`), /./, /./],
  [one("outputs: { x: ‸registry:data@1 }"), /an output has a version/, /Remove @/],
  [
    one("outputs: { ‸../x: registry:data }"),
    /"\.\.\/x" cannot be the key of an output: it has a "\.\." segment/,
    /"\." for all of it/,
  ],
  [
    one("outputs: { .: registry:data, ‸a.csv: registry:a }"),
    /"a\.csv" cannot be the key of an output: it is inside output "\."/,
    /do not overlap/,
  ],
  ...["../a", "a/./b", "*", "data:*", "-a"].map((name): Mistake => [
    one(`outputs: { x: ‸"registry:${name}" }`),
    /Cannot use/,
    /Use a name without \*/,
  ]),
  ...[
    `script: ‸"${LONG}"`,
    `start_command: [echo, ‸"${LONG}"]`,
    `start_command: [echo]\nparams: ‸{ a: "${LONG}" }`,
    `script: echo\nextra_env_vars: { A: ‸"${LONG}" }`,
  ].map((text): Mistake => [one(text), /a command takes at most 131071/, /inputs/]),
  [one("inputs: { x: ‸s3://bucket }"), /no object or folder/, /s3:\/\/bucket\/key/],
  [one("inputs: { x: ‸step:clean }"), /no operator for "step:clean"/, /step:ID/],
  [one("inputs: { x: ‸step:a }"), /reads its own output/, /another step/],
  [
    operators(
      "operator_id: a\noutputs: { report: r }",
      "operator_id: b\ninputs: { x: ‸step:a.reprot }",
    ),
    /no output "reprot"/,
    /Did you mean report/,
  ],
  [
    operators("operator_id: a", "operator_id: b\ninputs: { x: ‸step:a.report }"),
    /^the operator a has no output "report"$/,
    /Write step:a for all its output, or add outputs: \{ "report": registry:NAME \}/,
  ],
  [
    operators(
      "operator_id: a\nextra_env_vars: { KEY: { from_env: DEPLOY_KEY } }",
      'operator_id: b\nparams: { url: ‸"https://x/${env:HOME,h}?${env:DEPLOY_KEY,none}" }',
    ),
    /^\$\{env:DEPLOY_KEY\} would write a secret into the configuration$/,
    /\{ from_env: DEPLOY_KEY \}/,
  ],
  [
    one('params: { token: ‸"${env:HOLDFAST_TOKEN,none}" }'),
    /would write a secret/,
    /from_env: HOLDFAST_TOKEN/,
  ],
  [
    one("extra_env_vars: { DB_PASSWORD: ‸hunter2 }"),
    /^this looks like a secret \(by its name\) in plain text$/,
    /from_env/,
  ],
  [one("params: { k: ‸AKIAABCDEFGHIJKLMNOP }"), /AWS access key/, /from_env/],
  ...[
    "params: { db_password: ‸hunter2 }",
    "params: { dbPassword: ‸hunter2 }",
    "params: { db: { password: ‸hunter2 } }",
    "params: { dbs: [{ auth-token: ‸hunter2 }] }",
    "params: { passphrase: [‸hunter2] }",
    "params: { PASSWORD: ‸12345 }",
    "params: { apiKey: ‸hunter2 }",
    "extra_env_vars: { hfToken: ‸hunter2 }",
  ].map((text): Mistake => [one(text), /a secret \(by its name\)/, /from_env/]),
  [one("params: { db: ‸postgres://me:hunter2@db/x }"), /URL with a password/, /from_env/],
  [one("params: { k: ‸base64://c2VjcmV0 }"), /an encoded secret/, /from_env/],
  [one("extra_env_vars: { ‸INPUT_ROOT: x }"), /set by the runner/, /another name/],
];

/** Mistakes between steps and nodes, and of references. */
export const OF_GRAPHS: readonly Mistake[] = [
  [operators("operator_id: a", "operator_id: ‸a"), /two operators "a"/, /unique/],
  [operators("operator_id: a", "operator_id: ‸A"), /differ in case/, /unique/],
  [
    operators("operator_id: clean", "operator_id: b\nupstream_dependencies: [‸claen]"),
    /no operator "claen"/,
    /Did you mean clean/,
  ],
  [
    operators("operator_id: a", "operator_id: b\nupstream_dependencies: [a, ‸a]"),
    /twice/,
    /Remove one/,
  ],
  [one("upstream_dependencies: [‸a]"), /depends on itself/, /Remove it/],
  [
    operators(
      "operator_id: a\nupstream_dependencies: ‸[c]",
      "operator_id: b\nupstream_dependencies: [a]",
      "operator_id: c\ninputs: { x: step:b }",
    ),
    /a → b → c → a/,
    /Remove one/,
  ],
  [nodes("{ node_id: n, operator_ids: [a] }, { node_id: ‸n }"), /two nodes "n"/, /unique/],
  [nodes("{ node_id: m }, { node_id: ‸n }"), /m and n both/, /operator_ids/],
  [nodes("{ node_id: n, operator_ids: [a, ‸b] }"), /no operator "b"/, /of this pipeline/],
  [
    nodes("{ node_id: m, operator_ids: [a] }, { node_id: n, operator_ids: [‸a] }"),
    /on the node m too/,
    /one of them/,
  ],
  [
    nodes("{ node_id: m, operator_ids: [a] }", "{ operator_id: a }, { operator_id: ‸b }"),
    /"b" has no node/,
    /operator_ids/,
  ],
  [
    one("resource: { memory_request: ‸4Gi, memory_limit: 2Gi }"),
    /exceeds memory_limit/,
    /Lower memory_request/,
  ],
  [
    nodes(
      "{ node_id: m, resource: { gpu_limit: 1 } }",
      "{ operator_id: a, resource: { gpu_request: ‸2 } }",
    ),
    /limit of the node m/,
    /another node/,
  ],
  [one("operator: ‸cleanr_v1"), /no operator "cleanr_v1" is registered/, /Did you mean cleaner_v1/],
  [one(`params: { a: ‸"\${env:NOT_THERE}" }`), /NOT_THERE is not set/, /env:NOT_THERE,default/],
  [
    `variables: { rate: 1 }\n${one(`params: { a: ‸"\${rat}" }`)}`,
    /no value "rat"/,
    /Did you mean rate/,
  ],
  [
    `variables: { a: ‸"\${b}", b: "\${a}" }\n${one(`params: { a: "\${a}" }`)}`,
    /refers to itself/,
    /one of the references/,
  ],
  [one(`params: { a: ‸"\${rate" }`), /does not end/, /\$\{name\}/],
  [one(`params: { a: ‸"\${oc.decode:x}" }`), /\$\{oc\.decode:…\} is not supported/, /env:NAME/],
  [
    `variables: { m: { a: 1 } }\n${one(`params: { a: ‸"x-\${m}" }`)}`,
    /is a mapping inside a string/,
    /Use it alone/,
  ],
  [
    `variables: ‸[a]\n${operators("operator_id: a")}`,
    /a list is not a mapping/,
    /names and values/,
  ],
  [`include: ‸a.yaml\n${operators("operator_id: a")}`, /cannot include files/, /from its folder/],
];
