// Every view of the lab by its address: what the screenshots show, and what tests of the whole lab walk through.
// A room with a new tab gets a line here.

export interface LabView {
  /** Short, fit for a file's name. */
  readonly name: string;
  /** The address's query without language and theme. */
  readonly query: string;
  /** Pressed after the room has loaded, in order: CSS selectors. What has none of these is shown as it opens. */
  readonly press?: readonly string[];
}

const tabs = (room: string, field: string, names: readonly string[]): LabView[] =>
  names.map((name) => ({ name: `${room}-${name}`, query: `room=${room}&${field}=${name}` }));

export const labRooms = ["start", "convolve", "network", "train", "neurons", "open", "lessons", "reading"] as const;

export const labViews: readonly LabView[] = [
  { name: "start", query: "room=start" },
  { name: "start-digits-why", query: "room=start&demo=digits&sample=3", press: ["main button.primary"] },
  ...tabs("convolve", "tab", ["convolution", "pooling", "edges", "activations"]),
  ...tabs("convolve", "variant", ["dilated", "transposed", "grouped", "deformable", "causal"]),
  { name: "convolve-dX", query: "room=convolve&view=dX&at=4" },
  { name: "convolve-matrix", query: "room=convolve&matrix=1&at=4" },
  ...tabs("network", "tab", ["overview", "layers", "equivariance", "edit"]),
  { name: "network-unit", query: "room=network&unit=conv2:3&depth=1" },
  { name: "network-cell", query: "room=network&unit=conv2:3&depth=2&cell=5,5" },
  ...tabs("train", "panel", ["see", "health", "evaluate", "slow", "compare", "sweep", "try", "files"]).map((view) => ({
    ...view,
    query: `${view.query}&pictures=200&stopSteps=30`,
    press: ["main button.primary.go"],
  })),
  ...tabs("neurons", "lens", ["three", "maps", "climb", "pixels", "compare", "examples", "tuning", "concepts", "ablate"]),
  ...tabs("open", "tab", ["inspect", "run", "explain", "evaluate"]),
  ...tabs("lessons", "lesson", [
    ...["edges", "sizes", "strides", "fields", "sharing", "equivariance"],
    ...["activations", "learning", "rates", "vanishing", "variants", "neurons"],
  ]),
  ...tabs("reading", "page", ["arithmetic", "learning", "command-line"]),
];
