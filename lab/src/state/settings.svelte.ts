// The reader's own settings, the same in every room: language, theme, motion, single-letter keys, and what a link hides.
import { readAddress } from "./address.ts";

export type Theme = "auto" | "light" | "dark";

interface Settings {
  language: "en" | "zh";
  theme: Theme;
  /** Single-letter keys can be in the way of speech input; arrows, Enter and Escape always work. */
  letterKeys: boolean;
  /** Names of controls that the address hides, for lessons and exercises. */
  hidden: readonly string[];
}

function fromAddress(): Settings {
  const { lang, theme, keys, hide } = readAddress();
  const browser = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
  return {
    language: lang === "en" || lang === "zh" ? lang : browser,
    theme: theme === "light" || theme === "dark" ? theme : "auto",
    letterKeys: keys !== "off",
    hidden: (hide ?? "").split(",").filter((name) => name !== ""),
  };
}

export const settings: Settings = $state(fromAddress());

/** As they stand in the address; the language always, so that links say the same to all. */
export function settingsQuery(): Record<string, string> {
  return {
    lang: settings.language,
    ...(settings.theme !== "auto" && { theme: settings.theme }),
    ...(!settings.letterKeys && { keys: "off" }),
    ...(settings.hidden.length > 0 && { hide: settings.hidden.join(",") }),
  };
}

/** True when the reader's system asks for less motion: nothing then starts or moves by itself. */
export const motion: { readonly reduced: boolean } = (() => {
  const query = matchMedia("(prefers-reduced-motion: reduce)");
  let reduced = $state(query.matches);
  query.addEventListener("change", () => {
    reduced = query.matches;
  });
  return {
    get reduced() {
      return reduced;
    },
  };
})();
