// Requests to a server of MLflow. They only read, and follow no redirect: the token is for this server.
import { Buffer } from "node:buffer";
import type { FileToSave } from "../../../../materializers/mod.ts";
import type { System } from "../../../../mod.ts";
import { invalid, isJsonObject, iterableStream, shown } from "../../../../core/kernel.ts";
import { checkedAnswer, chunksOf, type Json, jsonIn, objectsIn, unanswered } from "../answers.ts";

/** Bytes of an answer in JSON. */
const MOST_BYTES = 256 * 1024 * 1024;
/** Files below one folder. */
const MOST_FILES = 200_000;

export class MlflowServer {
  readonly #base: string;
  readonly #headers: Record<string, string>;
  readonly #signal: AbortSignal | undefined;

  constructor(url: string, { system, signal }: { system: System; signal?: AbortSignal }) {
    const { own, ...of } = partsOf(url);
    this.#base = of.base;
    this.#signal = signal;
    const token = system.env("MLFLOW_TRACKING_TOKEN");
    const user = own?.user ?? system.env("MLFLOW_TRACKING_USERNAME") ?? "";
    const password = own?.password ?? system.env("MLFLOW_TRACKING_PASSWORD");
    const basic = Buffer.from(`${user}:${password}`).toString("base64");
    this.#headers = {
      ...password !== undefined && { authorization: `Basic ${basic}` },
      ...token !== undefined && { authorization: `Bearer ${token}` },
    };
  }

  #about(path: string): [action: string, url: string] {
    return ["read from MLflow", shown(`${this.#base}/${path}`)];
  }

  async #send(path: string, init: RequestInit = {}): Promise<Response> {
    const url = `${this.#base}/${path}`, about = this.#about(path);
    let answer: Response;
    try {
      const headers = { ...this.#headers, ...init.headers as Record<string, string> };
      answer = await fetch(url, { ...init, headers, redirect: "manual", signal: this.#signal });
    } catch (cause) {
      this.#signal?.throwIfAborted();
      throw unanswered(about, cause);
    }
    return await checkedAnswer(answer, about, {
      secret: this.#headers.authorization?.replace(/^\w+ /, ""),
      hint: "Set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.",
    });
  }

  async #json(path: string, init?: RequestInit): Promise<Json> {
    const answer = await this.#send(path, init);
    const about = this.#about(path), signal = this.#signal;
    const hint = "Pass the URL that clients have in MLFLOW_TRACKING_URI.";
    const value = await jsonIn(answer, about, { mostBytes: MOST_BYTES, signal, hint });
    if (isJsonObject(value)) return value;
    throw invalid(...about, "the answer is not an object", { hint });
  }

  async get(path: string, query: Record<string, string>): Promise<Json> {
    return await this.#json(`api/2.0/mlflow/${path}?${new URLSearchParams(query)}`);
  }

  /** Yields the items of all pages of a search. */
  async *pages(
    method: "GET" | "POST",
    path: string,
    { list, ...asked }: { list: string; [member: string]: unknown },
  ): AsyncGenerator<Json> {
    const seen = new Set<unknown>();
    let token: unknown;
    for (;;) {
      const body = { ...asked, ...typeof token === "string" && { page_token: token } };
      const texts = Object.entries(body).map(([key, value]) => [key, `${value}`]);
      const page = method === "GET" ? await this.get(path, Object.fromEntries(texts)) : await this
        .#json(`api/2.0/mlflow/${path}`, {
          method,
          body: JSON.stringify(body),
          headers: { "content-type": "application/json" },
        });
      yield* objectsIn(page[list]);
      if (typeof page.next_page_token !== "string" || page.next_page_token === "") return;
      token = page.next_page_token;
      if (seen.has(token)) {
        throw invalid("read from MLflow", shown(path), "it repeats a page token");
      }
      seen.add(token);
    }
  }

  /** Returns the artifacts of a run or a logged model, or of another place that the server has. */
  async files(uri: string, id: string | undefined, problems: string[]): Promise<FileToSave[]> {
    const [, place] = /^mlflow-artifacts:\/+(?:[^/]+:\d+\/)?([^]*)$/.exec(uri) ?? [];
    if (place === undefined && id === undefined) {
      problems.push(`its artifacts are at ${shown(uri)}, which the server does not serve`);
      return [];
    }
    const routes = place !== undefined ? proxied(place) : routesOf(id ?? "");
    const found: FileToSave[] = [], pending = [""];
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      for (
        const { path, is_dir, file_size } of objectsIn(
          (await this.#json(routes.list(folder))).files,
        )
      ) {
        const name = `${path}`.split("/").at(-1) ?? "";
        const own = folder === "" ? name : `${folder}/${name}`;
        if (is_dir === true) pending.push(own);
        else found.push(this.#file(own, Number(file_size ?? 0), routes.file(own)));
      }
      if (found.length > MOST_FILES) {
        problems.push(`it has more than ${MOST_FILES} artifacts`);
        return [];
      }
    }
    return found.sort((one, other) => one.path < other.path ? -1 : 1);
  }

  #file(path: string, size: number, from: string): FileToSave {
    return { path, content: { size, stream: () => iterableStream(this.#chunks(from)) } };
  }

  async *#chunks(path: string): AsyncGenerator<Uint8Array> {
    yield* chunksOf(await this.#send(path), this.#about(path), this.#signal);
  }
}

/** Takes the user and password out of a URL, which errors would show. */
function partsOf(given: string): { base: string; own?: { user: string; password: string } } {
  if (!URL.canParse(given)) throw invalid("read from MLflow", shown(given), "it is not a URL");
  const url = new URL(given), { username, password } = url;
  url.username = url.password = "";
  const base = url.href.replace(/\/+$/, "");
  if (username === "" && password === "") return { base };
  return {
    base,
    own: { user: decodeURIComponent(username), password: decodeURIComponent(password) },
  };
}

/** The requests that list a folder and read a file. */
interface ArtifactRoutes {
  list(folder: string): string;
  file(path: string): string;
}

/** Returns the routes of artifacts that the server keeps itself. */
function proxied(place: string): ArtifactRoutes {
  const route = "api/2.0/mlflow-artifacts/artifacts";
  const below = (path: string) => [place, path].filter(Boolean).join("/");
  return {
    list: (folder) => `${route}?${new URLSearchParams({ path: below(folder) })}`,
    file: (path) => `${route}/${below(path).split("/").map(encodeURIComponent).join("/")}`,
  };
}

/** Returns the routes of artifacts elsewhere, which the server reads for its own page. */
function routesOf(id: string): ArtifactRoutes {
  if (!id.startsWith("m-")) {
    return {
      list: (path) => `api/2.0/mlflow/artifacts/list?${new URLSearchParams({ run_id: id, path })}`,
      file: (path) => `get-artifact?${new URLSearchParams({ path, run_uuid: id })}`,
    };
  }
  const query = (name: string, path: string) => new URLSearchParams({ [name]: path });
  const model = `mlflow/logged-models/${encodeURIComponent(id)}/artifacts`;
  return {
    list: (path) => `api/2.0/${model}/directories?${query("artifact_directory_path", path)}`,
    file: (path) => `ajax-api/2.0/${model}/files?${query("artifact_file_path", path)}`,
  };
}
