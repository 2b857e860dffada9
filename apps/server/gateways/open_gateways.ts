// The gateways of a service, and which of them has a request. Their order never matters: a request
// belongs to the gateway that claims it by its host or headers, or else to that with the longest
// fixed beginning of its path.
import { invalid } from "../../../core/errors.ts";
import type { Gateway, GatewayContext, OpenGateway, RouteEntry, Routes } from "./gateway.ts";
import { pathOf } from "./sent_path.ts";

export interface OpenGateways {
  /** By name. */
  readonly all: readonly OpenGateway[];
  /** Returns the gateway of a request in the protocol of another program. */
  of(request: Request): OpenGateway | undefined;
}

/** Opens gateways, and adds their routes to those of a service. */
export function openGateways(
  gateways: readonly Gateway[],
  { routes, createTable, context, openAdded }: {
    routes: Routes;
    createTable(): Routes;
    context: GatewayContext;
    /** Opens versions with the files that gateways add. */
    openAdded: GatewayContext["openPages"];
  },
): OpenGateways {
  const fixed = new Set(routes.all.map(({ path }) => firstFolder(path)));
  const beside: { entry: RouteEntry; open: OpenGateway }[] = [];
  const all = gateways.toSorted((a, b) => a.name < b.name ? -1 : 1).map((gateway) => {
    const table = createTable();
    gateway.addRoutes?.(table, gateway.showsAdded ? { ...context, openPages: openAdded } : context);
    const open = { gateway, tables: [gateway.takesAllPaths ? table : routes] };
    if (gateway.takesAllPaths) checkApart(gateway, fixed);
    else beside.push(...table.all.map((entry) => ({ entry, open })));
    return open;
  });
  checkOnce(all, beside);
  const owners = new Map<RouteEntry, OpenGateway>();
  const longest = (a: { entry: RouteEntry }, b: { entry: RouteEntry }) =>
    fixedPart(b.entry.path).length - fixedPart(a.entry.path).length;
  for (const { entry, open } of beside.toSorted(longest)) {
    routes.add(entry);
    owners.set(entry, open);
  }
  const claiming = all.filter(({ gateway }) => gateway.claims !== undefined);
  const paths = all.flatMap((open) =>
    (open.gateway.paths ?? []).map((beginning) => ({ beginning, open }))
  ).sort((a, b) => b.beginning.length - a.beginning.length);
  return {
    all,
    of(request) {
      const claimed = claiming.find(({ gateway }) => gateway.claims!(request));
      if (claimed !== undefined) return claimed;
      const path = pathOf(request.url);
      const below = paths.find(({ beginning }) => isBelow(path, beginning));
      const entry = routes.at(request.method, path);
      if (entry === undefined) return below?.open;
      const isLonger = below !== undefined &&
        below.beginning.length > fixedPart(entry.path).length;
      return isLonger ? below.open : owners.get(entry);
    },
  };
}

/** Returns what a path has before its first parameter. */
function fixedPart(path: string): string {
  return path.replace(/:.*$/s, "");
}

function isBelow(path: string, beginning: string): boolean {
  return path.startsWith(beginning) &&
    (path.length === beginning.length || path[beginning.length] === "/");
}

function firstFolder(path: string): string {
  return `/${path.split("/")[1]}`;
}

/** Throws if a gateway with its own table takes a path of the service, which would be lost. */
function checkApart({ name, paths = [] }: Gateway, taken: ReadonlySet<string>): void {
  const path = paths.find((each) => taken.has(each));
  if (path === undefined) return;
  const hint = "Use another name for its bucket or folder.";
  throw invalid(`serve ${name} at ${path}`, undefined, "the service has routes there", { hint });
}

/** Throws if two gateways have the same name, route or paths: their order would decide. */
function checkOnce(
  all: readonly OpenGateway[],
  beside: readonly { entry: RouteEntry; open: OpenGateway }[],
): void {
  const withRoutes = all.map(({ gateway }) => gateway).filter(({ addRoutes }) => addRoutes);
  const twice = withRoutes.find((gateway, i) => gateway.name === withRoutes[i + 1]?.name);
  if (twice !== undefined) {
    const hint = "Rename one of them.";
    throw invalid(`serve ${twice.name}`, undefined, "two gateways have this name", { hint });
  }
  const owners = new Map<string, Gateway>();
  const given = [
    ...all.flatMap(({ gateway }) => (gateway.paths ?? []).map((path) => ({ path, gateway }))),
    ...beside.map(({ entry: { method, path }, open: { gateway } }) => ({
      path: `${method} ${path.replace(/:\w+/g, ":")}`,
      gateway,
    })),
  ];
  for (const { path, gateway } of given) {
    const other = owners.get(path);
    if (other !== undefined && other !== gateway) {
      const hint = "Pass one of them, or serve them at different addresses.";
      const state = `${other.name} has the same`;
      throw invalid(`serve ${gateway.name} at ${path}`, undefined, state, { hint });
    }
    owners.set(path, gateway);
  }
}
