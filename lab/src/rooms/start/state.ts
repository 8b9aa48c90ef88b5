import { oneOf, whole } from "../../state/address.ts";
import { roomState } from "../../state/rooms.svelte.ts";

export const view = roomState("start", { demo: oneOf(["shapes", "digits"], "shapes"), sample: whole(0, 0, 99) });
