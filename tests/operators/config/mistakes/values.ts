// Mistakes of commands, places and secrets.
import { one, operators } from "./mistake.ts";
import type { Mistake } from "./mistake.ts";

/** Mistakes of commands, places and secrets. */
export const OF_VALUES: readonly Mistake[] = [
  {
    name: "a pipe in a command",
    text: one("start_command: ‸cat a | sort"),
    says: /\| means something to a shell/,
    hint: /\[sh, -c/,
  },
  {
    name: "an open quote in a command",
    text: one(`start_command: ‸echo "a`),
    says: /quote " does not end/,
    hint: /Close it/,
  },
  {
    name: "a command and a thread",
    text: one("start_command: echo\nrun_as: ‸thread"),
    says: /there is a start_command/,
    hint: /remove run_as/,
  },
  {
    name: "a tag without a repository",
    text: one("git_tag: ‸v1"),
    says: /without git_repo/,
    hint: /Add git_repo/,
  },
  {
    name: "a ref that is none",
    text: "pipeline: { operators: { refs: [‸a:b:c] } }\n",
    says: /is not a ref/,
    hint: /id:version/,
  },
  {
    name: "a ref outside of the folder",
    text: "pipeline: { operators: { refs: [‸../a] } }\n",
    says: /is not a ref/,
    hint: /id:version/,
  },
  {
    name: "refs that are no list",
    text: "pipeline: { operators: { refs: ‸a } }\n",
    says: /not a list of refs/,
    hint: /\[cleaner:v1.0\]/,
  },
  {
    name: "a key beside refs",
    text: "pipeline: { operators: { refs: [a], ‸more: [] } }\n",
    says: /unknown key "more"/,
    hint: /Beside refs/,
  },
  {
    name: "an input of no kind",
    text: one("inputs: { x: ‸regstry:data }"),
    says: /"regstry:" is not a kind of input/,
    hint: /Did you mean registry/,
  },
  {
    name: "an input that is no ref",
    text: one(`inputs: { x: ‸"registry:data@" }`),
    says: /./,
    hint: /./,
  },
  {
    name: "an output with a version",
    text: one("outputs: { x: ‸registry:data@1 }"),
    says: /an output names a version/,
    hint: /Leave out/,
  },
  {
    name: "an output that is not below OUTPUT_ROOT",
    text: one("outputs: { ‸../x: registry:data }"),
    says: /"\.\.\/x" cannot be the key of an output: it has a "\.\." segment/,
    hint: /"\." for all of it/,
  },
  {
    name: "an output inside another one",
    text: one("outputs: { .: registry:data, ‸a.csv: registry:a }"),
    says: /"a\.csv" cannot be the key of an output: it is inside output "\."/,
    hint: /do not overlap/,
  },
  {
    name: "a bucket without an object",
    text: one("inputs: { x: ‸s3://bucket }"),
    says: /no object or folder/,
    hint: /s3:\/\/bucket\/key/,
  },
  {
    name: "an input of a missing step",
    text: one("inputs: { x: ‸step:clean }"),
    says: /no operator for "step:clean"/,
    hint: /step:ID/,
  },
  {
    name: "an input that is the own output",
    text: one("inputs: { x: ‸step:a }"),
    says: /reads its own output/,
    hint: /another step/,
  },
  {
    name: "an output that is not there",
    text: operators(
      "operator_id: a\noutputs: { report: r }",
      "operator_id: b\ninputs: { x: ‸step:a.reprot }",
    ),
    says: /no output "reprot"/,
    hint: /Did you mean report/,
  },
  {
    name: "an output by name of a step without outputs",
    text: operators("operator_id: a", "operator_id: b\ninputs: { x: ‸step:a.report }"),
    says: /^the operator a has no output "report"$/,
    hint: /Write step:a for all that it writes, or give it outputs: \{ "report": registry:NAME \}/,
  },
  {
    name: "a secret variable in a text",
    text: operators(
      "operator_id: a\nextra_env_vars: { KEY: { from_env: DEPLOY_KEY } }",
      'operator_id: b\nparams: { url: ‸"https://x/${env:HOME,h}?${env:DEPLOY_KEY,none}" }',
    ),
    says: /^\$\{env:DEPLOY_KEY\} would write a secret into the configuration$/,
    hint: /\{ from_env: DEPLOY_KEY \}/,
  },
  {
    name: "the token of the service in a text",
    text: one('params: { token: ‸"${env:HOLDFAST_TOKEN,none}" }'),
    says: /would write a secret/,
    hint: /from_env: HOLDFAST_TOKEN/,
  },
  {
    name: "a secret by its name",
    text: one("extra_env_vars: { DB_PASSWORD: ‸hunter2 }"),
    says: /^this looks like a secret, by its name, written down as it is$/,
    hint: /from_env/,
  },
  {
    name: "a secret by its look",
    text: one("params: { k: ‸AKIAABCDEFGHIJKLMNOP }"),
    says: /access key of AWS/,
    hint: /base64:/,
  },
  {
    name: "a URL with a password",
    text: one("params: { db: ‸postgres://me:hunter2@db/x }"),
    says: /URL with a password/,
    hint: /from_env/,
  },
  {
    name: "wrong base64",
    text: one("params: { k: ‸base64://a-b }"),
    says: /not base64 of a text/,
    hint: /base64 -w0/,
  },
  {
    name: "a variable that the runner sets",
    text: one("extra_env_vars: { ‸INPUT_ROOT: x }"),
    says: /set by the runner/,
    hint: /another name/,
  },
];
