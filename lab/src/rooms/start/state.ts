import { oneOf, real, whole } from "../../state/address.ts";
import { roomState } from "../../state/rooms.svelte.ts";
import { spanNames } from "../../ui/spans.ts";

export const view = roomState("start", {
  demo: oneOf(["shapes", "digits"], "shapes"),
  sample: whole(0, 0, 99),
  /** What the colours of maps span, and the ends of fixed ones. */
  span: oneOf(spanNames, "layer"),
  low: real(0),
  high: real(1),
});
