// Repositories and tags, and the names and versions that they mean.
import { assertEquals } from "@std/assert";
import {
  nameOf,
  repositoryOf,
  tagOf,
  versionOf,
} from "../../../../extensions/gateways/oci/names.ts";

const REPOSITORIES = [
  ["model", "model"],
  ["my:model", "my/model"],
  ["team/bert", "team__bert"],
  ["org:team/bert-base.v2", "org/team__bert-base.v2"],
  ["a_b--c:1", "a_b--c/1"],
] as const;

const NO_REPOSITORY = [
  "Model",
  "a__b",
  "a/",
  "a:",
  "a::b",
  "a//b",
  "a:/b",
  "a_/b",
  "ü",
  "a b",
  "-",
];

Deno.test("a repository means one name, and other names have none", () => {
  for (const [name, repository] of REPOSITORIES) {
    assertEquals([repositoryOf(name), nameOf(repository)], [repository, name]);
  }
  for (const name of NO_REPOSITORY) assertEquals(repositoryOf(name), undefined, name);
  for (const text of ["", "/a", "a/", "A", "a___b", "a:b", "../a", "a/../b", "_catalog", "a\n"]) {
    assertEquals(nameOf(text), undefined, text);
  }
});

const TAGS = [
  ["1.0.0", "1.0.0"],
  ["1.0.0+b.1", "1.0.0_b.1"],
  ["2", "2"],
  ["production", "production"],
  ["a_b", "a_b"],
  ["a+b", undefined],
  ["é", undefined],
  ["", undefined],
  ["x".repeat(129), undefined],
] as const;

Deno.test("a tag means one version or alias", () => {
  for (const [version, tag] of TAGS) {
    assertEquals(tagOf(version), tag, version);
    if (tag !== undefined) assertEquals(versionOf(tag), version);
  }
});
