// Runs of a service.
import { nameSegment, shown } from "../../core/naming/names.ts";
import type { LoggedRun, LoggedRunPage, RunWriter } from "../../core/registry/run.ts";
import type { RegistryService } from "../../core/registry/service.ts";
import { isJsonObject } from "../../core/text/json_text.ts";
import { artifactPath } from "./address.ts";
import type { Connection } from "./connection.ts";
import { listAll } from "./listing.ts";
import { savedOf } from "./operations.ts";
import { type Asked, unexpected } from "./problem.ts";
import { askedOf } from "./save_value.ts";
import { flag, type OnWire } from "./wire.ts";

type RunService = Pick<
  RegistryService,
  "beginRun" | "runs" | "readRun" | "updateRun" | "discardRun" | "finishRun"
>;

export function createRemoteRuns(
  connection: Connection,
  checkWritable: (action: string) => void,
): Required<RunService> {
  const pathOf = ({ name, id }: { name: string; id: string }) =>
    `${artifactPath(name)}/runs/${nameSegment(id)}`;
  return {
    async beginRun(run, { params, tags, signal } = {}) {
      const action = `open a run of ${shown(run.name)}`;
      checkWritable(action);
      const call = {
        action,
        method: "POST",
        path: pathOf(run),
        json: { params, tags },
        signal,
      } as const;
      // A repeat adds another writer, which logs nothing.
      const sent = { ...call, writes: true, repeats: true };
      return await connection.read(sent, (wire: OnWire<RunWriter>, asked) => {
        if (typeof wire?.writer !== "string") throw unexpected(asked, "it is not a writer");
        return { ...wire, startedAt: new Date(wire.startedAt) };
      });
    },

    runs({ name, signal } = {}) {
      const action = "list runs";
      const asked = { action, location: connection.location, writes: false };
      return listAll(
        connection,
        () => ({ action, path: "logged-runs", query: { name }, signal }),
        (wire: OnWire<LoggedRun>) => infoOf(wire, asked),
      );
    },

    async readRun(run, { after, lines, signal } = {}) {
      const action = `read a run of ${shown(run.name)}`;
      const call = { action, path: pathOf(run), query: { after, lines }, signal };
      return await connection.read(call, (wire: OnWire<LoggedRunPage>, asked) => {
        if (typeof wire?.lines !== "string") throw unexpected(asked, "it has no lines");
        return infoOf(wire, asked) as LoggedRunPage;
      });
    },

    async updateRun(run, { signal, ...json }) {
      const action = `update a run of ${shown(run.name)}`;
      checkWritable(action);
      const call = { action, method: "PATCH", path: pathOf(run), json, signal } as const;
      await connection.read({ ...call, writes: true, repeats: true }, () => undefined);
    },

    async discardRun(run, { signal } = {}) {
      const action = `discard a run of ${shown(run.name)}`;
      checkWritable(action);
      const call = { action, method: "DELETE", path: pathOf(run), signal } as const;
      return await connection.read({ ...call, writes: true }, flag("discarded"));
    },

    async finishRun(run, options = {}) {
      const action = `finish a run of ${shown(run.name)}`;
      checkWritable(action);
      const path = `${pathOf(run)}/finish`;
      const call = { action, method: "POST", path, json: askedOf(options) } as const;
      const { signal } = options;
      return await connection.read({ ...call, signal, writes: true, repeats: true }, savedOf);
    },
  };
}

function infoOf<W extends OnWire<LoggedRun>>(wire: W, asked: Asked) {
  if (!isJsonObject(wire?.params)) throw unexpected(asked, "it is not a run");
  return { ...wire, startedAt: new Date(wire.startedAt), lastAt: new Date(wire.lastAt) };
}
