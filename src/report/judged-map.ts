// A map together with what speaks for and against it.
import type { Attribution } from "../lens/records.ts";
import type { Faithfulness, SanityReport } from "../lens/trust/index.ts";

export interface JudgedMap {
  readonly attribution: Attribution;
  /** Time that the method took for this picture. */
  readonly seconds?: number;
  /** Deletion and insertion curves. */
  readonly faithfulness?: Faithfulness;
  /** Maps of the same net with its weights forgotten. */
  readonly sanity?: SanityReport;
  /** Spearman's rank correlation of |values| with the map of the net that has forgotten all its weights; undefined where a map is constant. */
  readonly forgotten?: { readonly spearmanAbsolute: number | undefined };
}
