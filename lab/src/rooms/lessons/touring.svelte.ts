// Which tour runs, and how far it has come: in the address of every room, and remembered by the browser.
import { type Query, text } from "../../state/address.ts";
import { recall, remember } from "../../state/remember.ts";
import { apply, openAddress, place, roomState, settingsOf, showAll, visit } from "../../state/rooms.svelte.ts";
import { toldBy } from "../../state/told.svelte.ts";
import { holds, type Tour, type TourName, type TourStep, tourNames } from "./tour.ts";

const files = import.meta.glob<Tour>("./tours/*.tour", { import: "default" });
export const loadTour = (name: TourName): Promise<Tour> => files[`./tours/${name}.tour`]();

/** `tour`: "convolve:2", name and step from 0. `sentBy`: the lesson, and its problem, that sent the reader into a room: "sizes:3". */
export const touring = roomState("tour", { tour: text(""), sentBy: text("") });

export interface Place {
  readonly name: TourName;
  readonly step: number;
}

export function readPlace(written: string): Place | undefined {
  const [name, step] = written.split(":");
  const known = tourNames.find((one) => one === name);
  return known !== undefined && /^\d{1,3}$/.test(step ?? "") ? { name: known, step: Number(step) } : undefined;
}

/** Where each tour was left; -1 for those that were walked to their end. */
export function placesKept(): Partial<Record<TourName, number>> {
  return Object.fromEntries(
    (recall("tours") ?? "").split(",").flatMap((one): [string, number][] => {
      const [name, step] = one.split(":");
      return tourNames.some((known) => known === name) && Number.isInteger(Number(step)) ? [[name, Number(step)]] : [];
    }),
  );
}
function keep(name: TourName, step: number): void {
  remember(
    "tours",
    Object.entries({ ...placesKept(), [name]: step })
      .map((pair) => pair.join(":"))
      .join(","),
  );
}

/** What conditions are about: the settings of the step's room, which room is open, and what the room told. */
export function isDone({ room, until }: TourStep): boolean {
  const settings = settingsOf(room);
  const facts = toldBy(room);
  return holds(until, (name) => {
    if (name === "room") return place.room;
    if (name.startsWith("@")) return facts[name.slice(1)]?.toString();
    return settings[name];
  });
}

/** Goes to a step: its room, with its settings. */
export function goTo(tour: Tour, name: TourName, step: number): void {
  const { room, set } = tour.steps[step];
  touring.sentBy = "";
  touring.tour = `${name}:${step}`;
  keep(name, step);
  apply(room, set);
}

export function endTour(place: Place, walked: boolean): void {
  touring.tour = "";
  keep(place.name, walked ? -1 : place.step);
}

export async function startTour(name: TourName, step = 0): Promise<void> {
  const tour = await loadTour(name);
  goTo(tour, name, Math.min(step, tour.steps.length - 1));
}

/** From a lesson into a room: `query` as in the address. */
export function leaveLesson(from: string, query: Query): void {
  touring.tour = "";
  touring.sentBy = from;
  openAddress(query);
}
export function backToLesson(): void {
  const [lesson, seed] = touring.sentBy.split(":");
  touring.sentBy = "";
  // What the problem hid is no secret here, even where the page was loaded anew in between.
  showAll();
  visit("lessons", { lesson, seed: Number(seed) });
}
