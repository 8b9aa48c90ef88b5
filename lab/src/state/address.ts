// The address bar holds the whole experiment: the room, its settings that differ from the defaults, and the reader's own (language, theme).
// Served pages keep it in the query; a page from disk may only change what follows the #.

export type Query = Readonly<Record<string, string>>;

/** What each version changed, the first from 1 to 2. An address of today that would mean something else than before needs one more. */
const upgrades: readonly ((query: Query) => Query)[] = [
  ({ net, seed, quarters, ...query }) => {
    // The net that is trained was called like the one that rooms look at.
    if (query.room === "train" && net !== undefined && /[( ]/.test(net))
      return { ...query, arch: net, ...(seed !== undefined && { seed }) };
    const own = query.room === "network";
    return {
      ...query,
      ...(net !== undefined && { net }),
      ...(seed !== undefined && { [own ? "weights" : "seed"]: seed }),
      ...(quarters !== undefined && { degrees: String(90 * Number(quarters)) }),
    };
  },
];

export const addressVersion: number = upgrades.length + 1;

/** An address of any version as one of today; what was typed by hand has no version, and is of today. */
export function upgraded(query: Query): Query {
  const version = Number(query.v);
  if (!(version >= 1)) return query;
  return upgrades.slice(version - 1).reduce((made, upgrade) => upgrade(made), query);
}

/** Whether the address was made by a later lab than this one, and may say more than is understood here. */
export function isNewer({ v }: Query): boolean {
  return Number(v) > addressVersion;
}

/** How one setting is written in the address. `read` gets undefined when it is not there, and repairs what makes no sense. */
export interface Field<T> {
  readonly fallback: T;
  read(text: string | undefined): T;
  write(value: T): string;
}

export function whole(fallback: number, least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER): Field<number> {
  return {
    fallback,
    read: (text) => {
      const value = Number(text);
      return text !== undefined && text.trim() !== "" && Number.isInteger(value) && value >= least && value <= most ? value : fallback;
    },
    write: String,
  };
}

export function real(fallback: number, least = -Number.MAX_VALUE, most = Number.MAX_VALUE): Field<number> {
  return {
    fallback,
    read: (text) => {
      const value = Number(text);
      return text !== undefined && text.trim() !== "" && Number.isFinite(value) && value >= least && value <= most ? value : fallback;
    },
    write: String,
  };
}

export function oneOf<const T extends string>(choices: readonly T[], fallback: NoInfer<T>): Field<T> {
  return { fallback, read: (text) => choices.find((choice) => choice === text) ?? fallback, write: String };
}

export function flag(fallback: boolean): Field<boolean> {
  return { fallback, read: (text) => (text === undefined ? fallback : text === "1"), write: (value) => (value ? "1" : "0") };
}

export function text(fallback = ""): Field<string> {
  return { fallback, read: (given) => given ?? fallback, write: String };
}

/** Numbers separated by commas; anything else gives the fallback. */
export function numbers(fallback: readonly number[]): Field<readonly number[]> {
  return {
    fallback,
    read: (given) => {
      const values = given === undefined || given === "" ? [] : given.split(",").map(Number);
      return values.length > 0 && values.every(Number.isFinite) ? values : fallback;
    },
    write: (values) => values.join(","),
  };
}

/** What stands in the address now, whatever version wrote it. */
export function readAddress(): Query {
  const fragment = location.hash.replace(/^#/, "");
  return upgraded(Object.fromEntries([...new URLSearchParams(location.search), ...new URLSearchParams(fragment)]));
}

/** Puts these pairs into the address; `push` makes a new entry of the history, which the back button returns from. */
export function writeAddress(query: Query, { push = false }: { readonly push?: boolean } = {}): void {
  const written = `v=${addressVersion}&${encode(query)}`.replace(/&$/, "");
  const address = location.protocol === "file:" ? `#${written}` : `${location.pathname}?${written}`;
  if (address === `${location.pathname}${location.search}` || address === location.hash) return;
  if (push) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

/** For the `href` of a link within the lab. */
export function linkTo(query: Query): string {
  return `${location.protocol === "file:" ? "#" : "?"}${encode(query)}`;
}

/** Like URLSearchParams, but what is legible and legal stays legible: parentheses, commas, colons, and + for spaces. */
function encode(query: Query): string {
  return Object.entries(query)
    .map(
      ([key, value]) =>
        `${encodeURIComponent(key)}=${encodeURIComponent(value).replace(/%20/g, "+").replace(/%2C/g, ",").replace(/%3A/g, ":").replace(/%2F/g, "/")}`,
    )
    .join("&");
}
