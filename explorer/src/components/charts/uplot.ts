// The chart library, loaded at the first chart.
import uPlot from "npm:uplot@^1.6";

export { uPlot };
