// Leads addresses of MLflow's page to those of this one. Their ids contain names.
//
//   #/experiments/xteam_2fdigits                            the name team/digits
//   #/experiments/xteam_2fdigits/runs/7f3c__team_2fdigits   its run 7f3c
import { Empty, hrefOf, html, openPlace, useEffect, type ViewProps } from "../../extending.ts";

/** Returns the address here; undefined for ids that are no names. */
export function hrefOfMlflow([, experiment = "", kind, id]: readonly string[]): string | undefined {
  if ((kind === "runs" || kind === "models") && id !== undefined) {
    const [run, name, ...more] = id.split("__").map(decoded);
    return run && name && more.length === 0 ? hrefOf(["logged", name, run]) : undefined;
  }
  const name = experiment === "0"
    ? "Default"
    : experiment.startsWith("x")
    ? decoded(experiment.slice(1))
    : undefined;
  return name && hrefOf(["artifacts", name]);
}

function decoded(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded.replaceAll("_", "%"));
  } catch {
    return undefined;
  }
}

export function Forward({ place }: ViewProps) {
  const href = hrefOfMlflow(place.path);
  useEffect(() => {
    if (href !== undefined) openPlace(href, { replace: true });
  }, [href]);
  if (href !== undefined) return null;
  return html`
    <h1 class="hidden">Unknown address</h1>
    <${Empty} title="There is no such experiment">
      <p>Go to <a href=${hrefOf([])}>all names</a>.</p>
      <//>
  `;
}
