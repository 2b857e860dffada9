import { invalid, loadPart } from "../../../core/kernel.ts";
import {
  defineServing,
  type Extension,
  type Gateway,
} from "../../../apps/cli/program/extension.ts";

interface OciPart {
  createOci(options: { ollamaKeys?: string }): Gateway;
}

export const ociExtension: Extension = {
  name: "oci",
  serving: defineServing({
    options: [
      { flags: "--oci", text: "also serve versions as OCI artifacts, at HOST/NAME:VERSION" },
      {
        flags: "--ollama-keys <file>",
        text: "with --oci: public keys of Ollama's clients, in lines of ssh-ed25519 KEY TOKEN",
        completes: "file",
      },
    ],
    routes: { v2: "--oci" },
    async gateways({ oci, ollamaKeys }) {
      if (!oci) {
        if (ollamaKeys === undefined) return [];
        throw invalid("start the service", undefined, "it has --ollama-keys, but not --oci", {
          hint: "Add --oci, or remove --ollama-keys.",
        });
      }
      const part = await loadPart<OciPart>("./oci.ts", import.meta.url);
      return [part.createOci({ ollamaKeys })];
    },
  }),
};
