// deno run --allow-net=127.0.0.1 examples/service.ts
//
// A service with typed artifacts: one program serves a registry, others save and load their own
// class through it. The service stores files and needs none of this code.
import { defineArtifact, defineMaterializer, openRegistry } from "@holdfast/holdfast";
import { openHttpRegistry } from "@holdfast/holdfast/http";
import { ndarray } from "@holdfast/holdfast/materializers";
import { createHandler, listen } from "@holdfast/holdfast/server";

/** Words, and how often each was counted. */
class Vocabulary {
  readonly counts: ReadonlyMap<string, number>;

  constructor(counts: ReadonlyMap<string, number>) {
    this.counts = counts;
  }

  mostFrequent(): string {
    return [...this.counts].reduce((best, next) => next[1] > best[1] ? next : best)[0];
  }
}

// A materializer turns a value into files and back. One line for each word: people and other
// programs can read it too.
const vocabulary = defineMaterializer<Vocabulary>({
  id: "example/vocabulary",
  class: Vocabulary,
  save: ({ counts }) => {
    const text = [...counts].map(([word, count]) => `${word}\t${count}\n`).join("");
    const content = new TextEncoder().encode(text);
    return [{ path: "vocabulary.tsv", content, mediaType: "text/tab-separated-values" }];
  },
  async load(artifact) {
    const text = new TextDecoder().decode(await artifact.file("vocabulary.tsv").bytes());
    const rows = text.trim().split("\n").map((line) => line.split("\t"));
    return new Vocabulary(new Map(rows.map(([word = "", count]) => [word, Number(count)])));
  },
});

// A name and its materializer: from here on, the compiler knows the type of each load.
const words = defineArtifact("language:words", vocabulary);
const weights = defineArtifact("language:weights", ndarray());

// The service. Usually, this is `holdfast serve` on another machine.
await using stored = await openRegistry("memory:");
const service = await listen(createHandler(stored), { port: 0 });

// A client saves its values.
await using registry = await openHttpRegistry(service.url);
await registry.save(words, new Vocabulary(new Map([["hold", 3], ["fast", 5]])));
const data = Float32Array.of(0.5, 1, 1.5, 2, 2.5, 3);
await registry.save(weights, { data, shape: [2, 3], dtype: "float32" });

const loaded = await registry.load(words); // a Vocabulary
console.log("most frequent:", loaded.mostFrequent());
const { shape, dtype } = await registry.load(weights); // an NDArray
console.log("weights:      ", shape.join(" × "), dtype);

// Once registered, the materializer is found by the class and by the record of a version.
registry.materializers.register(vocabulary);
const again = await registry.load("language:words@1.0.0"); // unknown, for the compiler
console.log("by name:      ", again instanceof Vocabulary);

// Every other program reads the file by HTTP.
const url = `${service.url}/artifacts/language%3Awords/versions/latest/files/vocabulary.tsv`;
console.log("over HTTP:    ", JSON.stringify(await (await fetch(url)).text()));

await service.stop();
