// Commits, trees and blobs of a Git repository, read by the program `git`. It uses only commands that
// run no other program of the repository's settings, and fetches nothing.
import { spawn } from "node:child_process";
import { type Dirent, lstatSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { System } from "../../../mod.ts";
import { iterableStream, notFound, readAtMost, shown, unsupported } from "../../../core/kernel.ts";

/** Limit of the output of one command. */
const MOST_BYTES = 256 * 1024 * 1024;

/** Files and folders of a repository that commands read. */
const PARTS = ["HEAD", "config", "config.worktree", "objects", "packed-refs", "refs", "shallow"];

export interface Commit {
  readonly id: string;
  readonly author: string;
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
}

export interface TreeEntry {
  readonly oid: string;
  readonly kind: "file" | "link";
  /** NaN if the repository lacks it. */
  readonly size: number;
}

export class GitRepository {
  readonly #root: string;
  readonly #env: Record<string, string>;
  readonly #signal: AbortSignal | undefined;

  constructor(root: string, { system, signal }: { system: System; signal?: AbortSignal }) {
    const own = join(root, ".git");
    const folder = lstatSync(own, { throwIfNoEntry: false }) === undefined ? root : own;
    const isThere = (path: string) =>
      lstatSync(join(folder, path), { throwIfNoEntry: false })?.isDirectory() === true;
    if (!isThere("") || !isThere("objects")) {
      throw notFound("import from", root, "it is not a Git repository", {
        hint: "Pass the top folder of a clone. Worktrees and links are not followed.",
      });
    }
    const hint = "Clone it: git clone --no-local FROM TO.";
    for (const path of ["objects/info/alternates", "commondir"]) {
      if (lstatSync(join(folder, path), { throwIfNoEntry: false }) !== undefined) {
        throw unsupported("import from", root, "it uses the objects of another repository", {
          hint,
        });
      }
    }
    const link = linkIn(folder);
    if (link !== undefined) {
      throw unsupported("import from", root, `${shown(link)} in .git is a link`, { hint });
    }
    if (includes(folder)) {
      throw unsupported("import from", root, "its .git/config includes another file", { hint });
    }
    const names = system.envNames?.() ?? ["HOME", "PATH"];
    const kept = names.filter((name) => !name.startsWith("GIT_"));
    this.#root = root;
    this.#signal = signal;
    this.#env = {
      ...Object.fromEntries(kept.map((name) => [name, system.env(name) ?? ""])),
      GIT_DIR: folder,
      GIT_CEILING_DIRECTORIES: dirname(root),
      GIT_ALLOW_PROTOCOL: "none",
      GIT_NO_LAZY_FETCH: "1",
      GIT_NO_REPLACE_OBJECTS: "1",
      GIT_OPTIONAL_LOCKS: "0",
      GIT_TERMINAL_PROMPT: "0",
    };
  }

  /** Returns the commits of refs and of all refs in folders, by their full names. */
  async commits(
    { refs: named = [], folders }: { refs?: readonly string[]; folders: readonly string[] },
  ): Promise<Map<string, Commit>> {
    const listed = await this.#text(["for-each-ref", ...folders, "--format=%(refname)"]);
    const refs = [...named, ...listed.split("\n").filter((ref) => ref !== "")];
    const objects = await this.#objects(refs.map((ref) => `${ref}^{commit}`));
    const commits = new Map<string, Commit>();
    refs.forEach((ref, i) => {
      const object = objects[i];
      if (object !== undefined) commits.set(ref, commitOf(object.oid, object.bytes));
    });
    return commits;
  }

  /** Returns the URL of the repository that was cloned. It may have a secret. */
  async origin(): Promise<string | undefined> {
    const text = await this.#text(["config", "--local", "--default", "", "remote.origin.url"]);
    return text.trim() || undefined;
  }

  /** Returns the files of a commit, by their paths. */
  async tree(commit: string): Promise<Map<string, TreeEntry>> {
    const text = await this.#text(["ls-tree", "-r", "-z", "-l", "--full-tree", commit]);
    const entries = new Map<string, TreeEntry>();
    for (const line of text.split("\0")) {
      const [, mode, oid = "", size, path = ""] =
        /^(\d+) blob ([0-9a-f]+) +(\w+)\t([^]+)$/.exec(line) ?? [];
      if (mode === undefined) continue; // submodules
      entries.set(path, { oid, size: Number(size), kind: mode === "120000" ? "link" : "file" });
    }
    return entries;
  }

  /** Returns the bytes of objects. */
  async blobs(oids: readonly string[]): Promise<Map<string, Uint8Array>> {
    const found = await this.#objects(oids);
    return new Map(found.flatMap((each) => each === undefined ? [] : [[each.oid, each.bytes]]));
  }

  /** Yields the bytes of an object of any size. */
  async *chunks(oid: string): AsyncGenerator<Uint8Array> {
    yield* this.#run(["cat-file", "blob", oid]);
  }

  async #objects(names: readonly string[]) {
    if (names.length === 0) return [];
    const bytes = await this.#bytes(["cat-file", "--batch"], `${names.join("\n")}\n`);
    const found: ({ oid: string; bytes: Uint8Array } | undefined)[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = bytes.indexOf(10, at);
      const head = new TextDecoder().decode(bytes.subarray(at, end));
      const [, oid, length] = /^([0-9a-f]+) [a-z]+ (\d+)$/.exec(head) ?? [];
      at = end + 1;
      if (oid === undefined) {
        found.push(undefined);
        continue;
      }
      found.push({ oid, bytes: bytes.subarray(at, at + Number(length)) });
      at += Number(length) + 1;
    }
    return found;
  }

  async #text(args: string[]): Promise<string> {
    return new TextDecoder().decode(await this.#bytes(args));
  }

  async #bytes(args: string[], input?: string): Promise<Uint8Array> {
    const bytes = await readAtMost(iterableStream(this.#run(args, input)), MOST_BYTES);
    if (bytes === undefined) throw this.#fault(`git ${args[0]} returned more than 256 MiB`);
    return bytes;
  }

  async *#run(args: string[], input = ""): AsyncGenerator<Uint8Array> {
    const child = spawn("git", ["--no-pager", ...args], {
      cwd: this.#root,
      env: this.#env,
      stdio: ["pipe", "pipe", "pipe"],
      signal: this.#signal,
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    ended.catch(() => {});
    let problem = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      if (problem.length < 1000) problem += text;
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    let isRead = false;
    try {
      yield* child.stdout;
      isRead = true;
    } finally {
      if (!isRead) child.kill();
    }
    const code = await ended.catch((error) => {
      this.#signal?.throwIfAborted();
      throw this.#fault(error.code === "ENOENT" ? "git is not installed" : String(error.message));
    });
    if (code !== 0) {
      throw this.#fault(problem.trim().split("\n")[0] || `git ${args[0]} exited with code ${code}`);
    }
  }

  #fault(state: string): Error {
    return unsupported("read the Git repository", this.#root, state);
  }
}

/** Returns a link that git would follow to the objects or refs of another repository. */
function linkIn(folder: string): string | undefined {
  const entries = (path: string, recursive: boolean): Dirent[] =>
    readdirSync(join(folder, path), { withFileTypes: true, recursive });
  const top = entries("", false).filter(({ name }) => PARTS.includes(name));
  const isLink = (entry: Dirent) => entry.isSymbolicLink();
  const below = () =>
    top.filter((entry) => entry.isDirectory()).flatMap(({ name }) => entries(name, true));
  const link = top.find(isLink) ?? below().find(isLink);
  return link && relative(folder, join(link.parentPath, link.name));
}

/** Returns true if git would read another file as settings, wherever that is. */
function includes(folder: string): boolean {
  return ["config", "config.worktree"].some((name) => {
    const path = join(folder, name);
    const isFile = lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
    return isFile && /\[\s*include/i.test(readFileSync(path, "utf8"));
  });
}

function commitOf(id: string, bytes: Uint8Array): Commit {
  const text = new TextDecoder().decode(bytes);
  const [head = ""] = text.split("\n\n", 1);
  const [, author = ""] = /^author (.*) <[^>]*> -?\d+ /m.exec(head) ?? [];
  const [, seconds = "0"] = /^committer .* (\d{1,12}) [-+]\d+$/m.exec(head) ?? [];
  const [subject = ""] = text.slice(head.length + 2).split("\n");
  return { id, author, subject, timeMs: Number(seconds) * 1000 };
}
