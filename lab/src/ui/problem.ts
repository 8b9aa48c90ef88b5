// An error in the reader's language: the library's own sentence, or one in Chinese from its reason, or its kind in Chinese above the English.
import { FoveaError } from "fovea/tensor";
import { EngineError } from "../engine/client.ts";
import { type ToldError, tellError } from "../engine/protocol.ts";
import { settings } from "../state/settings.svelte.ts";
import { sayKind, sayReason } from "./problem-zh.ts";

export interface Said {
  readonly sentence: string;
  /** The library's sentence, where there is no other yet. */
  readonly english?: string;
}

export function sayTold({ name, message, reason }: ToldError): Said {
  if (settings.language === "en") return { sentence: message };
  return reason === undefined ? { sentence: sayKind(name), english: message } : { sentence: sayReason(reason) };
}

/** What rooms throw themselves is a plain `Error` in the reader's language already. */
export function sayError(error: unknown): Said {
  if (error instanceof EngineError) return sayTold({ name: error.name, message: error.message, reason: error.reason });
  if (error instanceof FoveaError || (error instanceof Error && error.name !== "Error")) return sayTold(tellError(error));
  return { sentence: error instanceof Error ? error.message : String(error) };
}
