// A pipeline of general_pipeline as one of Holdfast.
import { dirname } from "node:path";
import { isJsonObject, shellWord } from "../../../core/kernel.ts";
import type { Converted, Described, Note, Project } from "./config.ts";

const LEVELS: Readonly<Record<string, string>> = {
  trace: "debug",
  success: "info",
  warning: "warn",
  critical: "error",
};

/** Variables of a configuration, which a script reads from its environment. */
const VARIABLE = /\$\{oc\.env:\s*([A-Za-z_]\w*)\s*(?:,([^}]*))?\}/g;

/** Each character that ends a comment of YAML, or may not be in one. */
const LINE_BREAK = /\r\n|[\p{Cc}\p{Zl}\p{Zp}]/u;

const GIVEN_LATER = "set by general_pipeline itself";
const NODE_KEYS = ["node_id", "operator_ids", "runner_count"];
const OPERATOR_KEYS = ["operator_id", "git_repo", "git_tag", "upstream_dependencies"];

type Values = Readonly<Record<string, unknown>>;

export function convertProject(project: Project): Converted {
  const conversion = new Conversion();
  const files: Record<string, { head: string[]; value: object }> = {};
  const place = (kind: "nodes" | "operators", one: Described, value: object) => {
    if (one.version === undefined) return value;
    files[`${kind}/${one.id}_${one.version}.yaml`] = { head: [], value };
    return `${one.id}:${one.version}`;
  };
  const list = (items: (object | string)[]) =>
    items.every((item) => typeof item === "string") ? { refs: items } : items;
  const nodes = project.nodes.map((node) => place("nodes", node, conversion.node(node)));
  const operators = project.operators.map((operator) =>
    place("operators", operator, conversion.operator(operator))
  );
  const pipeline = {
    ...conversion.pipeline(project),
    ...nodes.length > 0 && { nodes: list(nodes) },
    operators: list(operators),
  };
  const { name, description } = project.pipeline.value;
  const head = [name, description].flatMap((text) =>
    typeof text === "string" ? text.trim().split(LINE_BREAK) : []
  );
  files["conf/pipeline.yaml"] = { head, value: { pipeline } };
  return { files, notes: conversion.notes, commands: conversion.commands };
}

class Conversion {
  readonly notes: Note[] = [];
  readonly commands: string[] = [];
  readonly #environments = new Set<string>();

  pipeline({ pipeline: { path, value } }: Project): object {
    const { log_config: log, s3_config: s3, work_dir: workDir = "./pipeline_workspace" } = value;
    const known = ["name", "description", "nodes", "operators", "log_config", "s3_config"];
    const kept = this.#take(value, { path, keys: ["pipeline_id", "work_dir"], known });
    if (s3 !== undefined) {
      const note = "not copied: set S3_BUCKET_ACCESS_KEY and the others in s3_aksk.env";
      this.notes.push({ file: path, key: "s3_config", note });
    }
    return {
      ...kept,
      work_dir: workDir,
      ...isJsonObject(log) && { log_config: this.#log(log, path) },
    };
  }

  #log(log: Values, path: string): object {
    const { level, log_path: file } = log;
    this.#take(log, { path, keys: [], known: ["level", "log_path"], inside: "log_config." });
    const word = String(level ?? "info").toLowerCase();
    return { level: LEVELS[word] ?? word, ...typeof file === "string" && { file } };
  }

  node({ path, value }: Described): object {
    const { resource } = value;
    return {
      ...this.#take(value, { path, keys: NODE_KEYS, known: ["resource"] }),
      ...isJsonObject(resource) && { resource: this.#resource(resource, path, "resource.") },
    };
  }

  /** Memory is in gigabytes there. */
  #resource(resource: Values, path: string, inside: string): object {
    const entries = Object.entries(resource).flatMap(([key, amount]) => {
      const name = /_(request|limit)$/.test(key) ? key : `${key}_request`;
      const isKnown = /^(cpu|memory|gpu)_(request|limit)$/.test(name);
      if (!isKnown) this.#note(path, `${inside}${key}`);
      const isMemory = name.startsWith("memory") && typeof amount === "number";
      return isKnown && amount !== null ? [[name, isMemory ? `${amount}G` : amount]] : [];
    });
    return Object.fromEntries(entries);
  }

  operator({ id, path, value }: Described): object {
    const { start_command: command, env_config: env, extra_env_vars: variables } = value;
    const known = ["timeout", "start_command", "env_config", "extra_env_vars", "resource_request"];
    const kept = this.#take(value, { path, keys: OPERATOR_KEYS, known });
    const { resource_request: resource, git_repo: repository, git_tag: tag } = value;
    const folder = `operators/${id}`;
    if (typeof repository === "string") {
      const branch = typeof tag === "string" ? [shellWord(`--branch=${tag}`)] : [];
      const words = ["git clone --depth 1", ...branch, "--", shellWord(repository), folder];
      this.commands.push(words.join(" "));
    }
    const line = this.#script(command, path);
    const { script = line, ...environment } = isJsonObject(env)
      ? this.#environment(env, { path, folder, line })
      : {};
    return {
      ...kept,
      timeout: value.timeout ?? 3600, // the default there
      script: `cd ${shellWord(folder)}\n${script}\n`,
      ...environment,
      ...isJsonObject(variables) && { extra_env_vars: this.#variables(variables, path) },
      ...isJsonObject(resource) &&
        { resource: this.#resource(resource, path, "resource_request.") },
    };
  }

  /** The shell replaces the variables that OmegaConf replaced. */
  #script(command: unknown, path: string): string {
    const text = String(command ?? "").replace(
      VARIABLE,
      (_all, name, otherwise) =>
        otherwise === undefined ? `\${${name}:?}` : `\${${name}:-${otherwise.trim()}}`,
    );
    if (/\$\{[\w.]*[.:]\w/.test(text.replace(/\$\{\w+:[?-][^}]*\}/g, ""))) {
      const note = "a reference in it is not replaced: write its value, or a variable";
      this.notes.push({ file: path, key: "start_command", note });
    }
    return text;
  }

  /** Returns the environment, or the line of a shell in it: all commands of the line. */
  #environment(
    env: Values,
    { path, folder, line }: { path: string; folder: string; line: string },
  ): { script?: string; env_config?: object } {
    const name = String(env.env_name ?? "env");
    const place = `envs/${name}`;
    const known = ["env_name", "pyproject_path", "uv_extra_args", "pixi_toml_path"];
    const other = ["pixi_extra_args", "s3_compress_path"];
    this.#take(env, { path, keys: [], known: [...known, ...other], inside: "env_config." });
    const isNew = !this.#environments.has(place);
    this.#environments.add(place);
    if (typeof env.pixi_toml_path === "string") {
      const manifest = shellWord(env.pixi_toml_path);
      const words = ["pixi install --manifest-path", `${folder}/${manifest}`];
      this.commands.push([...words, ...wordsOf(env.pixi_extra_args)].join(" "));
      return { script: `pixi run --manifest-path ${manifest} -- sh -c ${shellWord(line)}` };
    }
    if (typeof env.s3_compress_path === "string") {
      const note = `unpack it into ${place}`;
      if (isNew) this.notes.push({ file: path, key: "env_config.s3_compress_path", note });
      const prefix = `CONDA_PREFIX=$(cd ${shellWord(`../../${place}`)} && pwd) || exit 5`;
      return { script: `${prefix}\nexport CONDA_PREFIX PATH="$CONDA_PREFIX/bin:$PATH"\n${line}` };
    }
    const project = dirname(String(env.pyproject_path ?? "pyproject.toml"));
    const target = shellWord(project === "." ? folder : `${folder}/${project}`);
    const install = [
      ...["uv pip install --python", shellWord(place), "-e", target],
      ...wordsOf(env.uv_extra_args),
    ].join(" ");
    if (isNew) this.commands.push(`uv venv ${shellWord(place)}`);
    if (!this.commands.includes(install)) this.commands.push(install); // operators may share it
    return { env_config: { kind: "uv", name: place } };
  }

  #variables(variables: Values, path: string): object {
    const entries = Object.entries(variables).map(([name, value]) => {
      if (!String(value).startsWith("base64://")) return [name, String(value)];
      const note = `a secret: set ${name} where the pipeline runs`;
      this.notes.push({ file: path, key: `extra_env_vars.${name}`, note });
      return [name, { from_env: name }];
    });
    return Object.fromEntries(entries);
  }

  /** Returns the given keys, and notes those that are neither given nor known. */
  #take(
    value: Values,
    { path, keys, known, inside = "" }: {
      path: string;
      keys: readonly string[];
      known: readonly string[];
      inside?: string;
    },
  ): object {
    for (const key of Object.keys(value)) {
      if (!keys.includes(key) && !known.includes(key)) this.#note(path, `${inside}${key}`);
    }
    const kept = keys.filter((key) => value[key] !== undefined && value[key] !== null);
    return Object.fromEntries(kept.map((key) => [key, value[key]]));
  }

  #note(file: string, key: string): void {
    const isOwn = /(^|\.)(env_root_path|code_path|operator_code_path)$/.test(key);
    this.notes.push({
      file,
      key,
      note: isOwn ? GIVEN_LATER : "not imported: it has no meaning here",
    });
  }
}

function wordsOf(list: unknown): string[] {
  return Array.isArray(list) ? list.map((word) => shellWord(String(word))) : [];
}
