// Which room is open, and each room's settings, kept in step with the address in both directions.
import { type Field, type Query, readAddress, writeAddress } from "./address.ts";
import { settings, settingsQuery } from "./settings.svelte.ts";

export const roomNames = ["start", "convolve", "network", "train", "neurons", "open", "lessons", "reading"] as const;
export type RoomName = (typeof roomNames)[number];

type Fields = Readonly<Record<string, Field<unknown>>>;
type StateOf<F> = { -readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** What the address keeps whichever room is open: the net that is looked at, and the tour that leads through the rooms. */
const shared = ["session", "tour"] as const;
type Shared = (typeof shared)[number];

interface Registered {
  readonly fields: Fields;
  readonly state: Record<string, unknown>;
}

const rooms = new Map<string, Registered>();
/** How many rooms have said what they keep in the address: it must be written anew when one more does. */
let registered = $state(0);
/** What a room whose code is still being loaded will find in the address; until then it stays there. */
let awaited: Query = withoutVersion(readAddress());

function roomOf({ room }: Query): RoomName {
  return roomNames.find((name) => name === room) ?? "start";
}

export const place: { room: RoomName } = $state({ room: roomOf(readAddress()) });

/**
 * The settings of a room (or, as "session" and "tour", of all rooms): a reactive object that starts with what the address says and is written back to it.
 * Call once per room, at the top of a module.
 */
export function roomState<const F extends Readonly<Record<string, Field<unknown>>>>(room: RoomName | Shared, fields: F): StateOf<F> {
  const query = place.room === room || shared.some((one) => one === room) ? readAddress() : {};
  const state: Record<string, unknown> = $state(valuesOf(fields, query));
  rooms.set(room, { fields, state });
  registered += 1;
  return state as StateOf<F>;
}

function valuesOf(fields: Fields, query: Query): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.read(query[name])]));
}

/** Only what differs from the defaults is written. */
function queryOf(room: string): Record<string, string> {
  const { fields, state } = rooms.get(room) ?? { fields: {}, state: {} };
  const pairs = Object.entries(fields).map(([name, field]): [string, string] => [name, field.write(state[name])]);
  return Object.fromEntries(pairs.filter(([name, written]) => written !== fields[name].write(fields[name].fallback)));
}

/** The address of the present view, as pairs. */
export function viewQuery(): Query {
  const own = registered > 0 && rooms.has(place.room) ? queryOf(place.room) : awaited;
  return { ...own, room: place.room, ...settingsQuery(), ...Object.assign({}, ...shared.map(queryOf)) };
}

/** What the link that opened the page hides, in all rooms; a visit hides more, until the next one. */
let hiddenByLink = settings.hidden;

/** Shows every control again. */
export function showAll(): void {
  hiddenByLink = [];
  settings.hidden = [];
}

/** Goes to a room, with some of its settings changed, and without the controls that `hide` names; the back button returns. */
export function visit(
  room: RoomName,
  change: Readonly<Record<string, unknown>> = {},
  { hide = [] }: { readonly hide?: readonly string[] } = {},
): void {
  writeAddress(viewQuery());
  place.room = room;
  settings.hidden = [...hiddenByLink, ...hide];
  const known = rooms.get(room);
  if (known !== undefined) Object.assign(known.state, change);
  awaited = Object.fromEntries(Object.entries(change).map(([name, value]) => [name, written(value)]));
  writeAddress(viewQuery(), { push: true });
}

const written = (value: unknown): string => (typeof value === "boolean" ? (value ? "1" : "0") : String(value));

/** Whether a room has said what it keeps in the address; before, nobody knows its settings. */
export const isKnown = (room: RoomName): boolean => registered > 0 && rooms.has(room);

/** All settings of a room and of the session as the address would write them, defaults too; empty while the room's code is being loaded. */
export function settingsOf(room: RoomName): Query {
  return Object.fromEntries(
    [room, "session"].flatMap((name) => {
      const { fields, state } = (registered > 0 && rooms.get(name)) || { fields: {}, state: {} };
      return Object.entries(fields).map(([key, field]) => [key, field.write(state[key])]);
    }),
  );
}

/** Changes settings that are written as in the address, of a room and of the session, and goes to the room where another one is open. */
export function apply(room: RoomName, query: Query): void {
  const own = rooms.get(room);
  const session = rooms.get("session");
  for (const known of [own, session]) {
    for (const [name, text] of Object.entries(query))
      if (known?.fields[name] !== undefined) known.state[name] = known.fields[name].read(text);
  }
  const unread = Object.entries(query).filter(([name]) => own === undefined && session?.fields[name] === undefined);
  if (place.room !== room) visit(room, Object.fromEntries(unread));
}

/** Follows a link within the lab: what it does not name is at its default, except the net; the back button returns. */
export function openAddress(query: Query): void {
  writeAddress(viewQuery());
  awaited = withoutVersion(query);
  place.room = roomOf(query);
  settings.hidden = [...hiddenByLink, ...(query.hide?.split(",") ?? [])];
  const known = rooms.get(place.room);
  if (known !== undefined) Object.assign(known.state, valuesOf(known.fields, query));
  const { fields, state } = rooms.get("session") ?? { fields: {}, state: {} };
  for (const [name, field] of Object.entries(fields)) if (query[name] !== undefined) state[name] = field.read(query[name]);
  writeAddress(viewQuery(), { push: true });
}

function withoutVersion({ v: _, ...query }: Query): Query {
  return query;
}

/** Puts the settings of the open room, and which net it looks at, back to their defaults. */
export function resetRoom(): void {
  for (const room of [place.room, "session"]) {
    const known = rooms.get(room);
    if (known !== undefined) Object.assign(known.state, valuesOf(known.fields, {}));
  }
}

/** Follows the back and forward buttons, and an address that was typed. */
export function followHistory(): () => void {
  const follow = (): void => {
    const query = readAddress();
    awaited = withoutVersion(query);
    place.room = roomOf(query);
    if (query.lang === "en" || query.lang === "zh") settings.language = query.lang;
    settings.hidden = query.hide?.split(",") ?? [];
    for (const room of [place.room, ...shared]) {
      const known = rooms.get(room);
      if (known !== undefined) Object.assign(known.state, valuesOf(known.fields, query));
    }
  };
  addEventListener("popstate", follow);
  addEventListener("hashchange", follow);
  return () => {
    removeEventListener("popstate", follow);
    removeEventListener("hashchange", follow);
  };
}
