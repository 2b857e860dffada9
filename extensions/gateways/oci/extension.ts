import { loadPart } from "../../../core/kernel.ts";
import {
  defineServing,
  type Extension,
  type Gateway,
} from "../../../apps/cli/program/extension.ts";

export const ociExtension: Extension = {
  name: "oci",
  serving: defineServing({
    options: [
      { flags: "--oci", text: "also serve versions as OCI artifacts, at HOST/NAME:VERSION" },
    ],
    routes: { v2: "--oci" },
    async gateways({ oci }) {
      if (!oci) return [];
      const part = await loadPart<{ oci: Gateway }>("./oci.ts", import.meta.url);
      return [part.oci];
    },
  }),
};
