// Runs of a service.
import { nameSegment, shown } from "../../core/naming/names.ts";
import type { LoggedRun, LoggedRunPage, RunName, RunWriter } from "../../core/registry/run.ts";
import type { RegistryService } from "../../core/registry/service.ts";
import { isJsonObject } from "../../core/text/json_text.ts";
import { artifactPath } from "./address.ts";
import type { Call, Connection } from "./connection.ts";
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
  const pathOf = ({ name, id }: RunName) => `${artifactPath(name)}/runs/${nameSegment(id)}`;
  /** Returns a request that changes a run. Repeats of most of them change nothing more. */
  const change = (verb: string, run: RunName, sent: Partial<Call>) => {
    const action = `${verb} a run of ${shown(run.name)}`;
    checkWritable(action);
    return { action, path: pathOf(run), writes: true, repeats: true, ...sent };
  };
  return {
    async beginRun(run, { params, tags, signal } = {}) {
      // A repeat adds another writer, which logs nothing.
      const call = change("open", run, { method: "POST", json: { params, tags }, signal });
      return await connection.read(call, (wire: OnWire<RunWriter>, asked) => {
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
      const call = change("update", run, { method: "PATCH", json, signal });
      await connection.read(call, () => undefined);
    },

    async discardRun(run, { signal } = {}) {
      const call = change("discard", run, { method: "DELETE", signal, repeats: false });
      return await connection.read(call, flag("discarded"));
    },

    async finishRun(run, options = {}) {
      const path = `${pathOf(run)}/finish`, { signal } = options;
      const json = askedOf(options);
      const call = change("finish", run, { method: "POST", path, json, signal });
      return await connection.read(call, savedOf);
    },
  };
}

function infoOf<W extends OnWire<LoggedRun>>(wire: W, asked: Asked) {
  if (!isJsonObject(wire?.params)) throw unexpected(asked, "it is not a run");
  return { ...wire, startedAt: new Date(wire.startedAt), lastAt: new Date(wire.lastAt) };
}
