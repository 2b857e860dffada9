// Builds the client of Ollama that pulls models. Its server links C++ that takes long to build, so only
// the files that pull are taken, with a program around them.
import { join } from "@std/path";

export const OLLAMA = { module: "github.com/ollama/ollama", version: "v0.17.4" };

const FILES = ["auth.go", "download.go", "images.go", "sparse_common.go", "upload.go"];

const PULL = `package server

import (
	"context"

	"github.com/ollama/ollama/api"
)

func Pull(name string) error {
	options := &registryOptions{Insecure: true}
	return PullModel(context.Background(), name, options, func(api.ProgressResponse) {})
}
`;

const MAIN = `package main

import (
	"fmt"
	"os"

	"github.com/ollama/ollama/server"
)

func main() {
	if err := server.Pull(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
`;

/** Prepares the source of the client in a folder, whose program is in `pull`. */
export async function prepareOllama(source: string, folder: string): Promise<void> {
  for await (const entry of Deno.readDir(source)) {
    if (entry.isDirectory) await copyGo(join(source, entry.name), join(folder, entry.name));
  }
  for (const name of ["go.mod", "go.sum"]) {
    await Deno.writeFile(join(folder, name), await Deno.readFile(join(source, name)));
  }
  await Deno.remove(join(folder, "server"), { recursive: true });
  await Deno.mkdir(join(folder, "server"));
  for (const name of FILES) {
    const bytes = await Deno.readFile(join(source, "server", name));
    await Deno.writeFile(join(folder, "server", name), bytes);
  }
  await Deno.writeTextFile(join(folder, "server/pull.go"), PULL);
  await Deno.mkdir(join(folder, "pull"));
  await Deno.writeTextFile(join(folder, "pull/main.go"), MAIN);
}

/** Copies what Go compiles, and what it embeds. */
async function copyGo(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyGo(join(from, name), join(to, name));
    else await Deno.writeFile(join(to, name), await Deno.readFile(join(from, name)));
  }
}
