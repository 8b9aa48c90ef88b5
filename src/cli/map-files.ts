// Where maps go on disk: a picture, a drawing with its legend, the raw numbers, and a record of what it all means.
import { baseName, joinPath, writeFileAtomically } from "#platform";
import { writeNpy } from "../io/npy.ts";
import { drawAttribution, methodInWords, paintAttribution } from "../report/attribution-picture.ts";
import type { comparisonRows } from "../report/comparison.ts";
import type { ExplainedPicture } from "../report/explanation.ts";
import type { Normalisation } from "../report/figure.ts";
import type { JudgedMap } from "../report/judged-map.ts";
import { rasterToPng } from "../report/raster.ts";

/** Writes each map of a picture as .png, .svg and .npy; gives the record of the picture. `stem` begins the files' names. */
export async function writeMaps(
  folder: string,
  stem: string,
  { name, image, classes, maps }: ExplainedPicture,
  normalisation: Normalisation,
): Promise<object> {
  const records: object[] = [];
  for (const judged of maps) {
    const { attribution } = judged;
    const file = (ending: string): string => `${stem}-${attribution.method}.${ending}`;
    const drawing = drawAttribution(image, attribution, { name: baseName(name), ...(normalisation && { normalisation }) });
    await writeFileAtomically(joinPath(folder, file("png")), rasterToPng(paintAttribution(attribution).raster, wordsOf(name, judged)));
    await writeFileAtomically(joinPath(folder, file("svg")), drawing);
    await writeFileAtomically(joinPath(folder, file("npy")), writeNpy(attribution.map));
    records.push({ ...plainMap(judged), files: { png: file("png"), svg: file("svg"), npy: file("npy") } });
  }
  return { picture: name, classes, maps: records };
}

/** What a picture without its page would no longer say: the text that goes into the PNG file. */
function wordsOf(name: string, judged: JudgedMap): Record<string, string> {
  const { attribution } = judged;
  const { method, target, range } = attribution;
  const { title, cites } = methodInWords(method);
  const drawn = paintAttribution(attribution);
  return {
    Title: `${title} of ${target}: ${baseName(name)}`,
    Description: [
      `${title}${cites === "" ? "" : ` (${cites})`}, ${scoresOf(judged)}.`,
      drawn.isZero
        ? "Numerically zero."
        : `Raw values ${plain(range.low)} to ${plain(range.high)}; colours from ${plain(drawn.range.low)} to ${plain(drawn.range.high)}.`,
    ].join(" "),
    Software: "fovea",
  };
}

/** The same for a grid of methods by pictures, whose rows have scales of their own. */
export function wordsOfGrid(pictures: readonly ExplainedPicture[], rows: ReturnType<typeof comparisonRows>): Record<string, string> {
  const lines = rows.flatMap(({ method, range: scale, cells }) =>
    cells.flatMap((judged, i) => {
      if (judged === undefined) return [];
      const { low, high } = judged.attribution.range;
      const colours = scale === undefined ? "numerically zero" : `colours from ${plain(scale.low)} to ${plain(scale.high)}`;
      const { title } = methodInWords(method);
      return [`${title}, ${baseName(pictures[i].name)}: ${scoresOf(judged)}; raw values ${plain(low)} to ${plain(high)}, ${colours}.`];
    }),
  );
  return {
    Title: `Methods from top to bottom, pictures from left to right: ${pictures.map(({ name }) => baseName(name)).join(", ")}`,
    Description: lines.join("\n"),
    Software: "fovea",
  };
}

function scoresOf({ attribution: { target, score }, faithfulness }: JudgedMap): string {
  const areas = faithfulness && `; deletion ${plain(faithfulness.deletion.area)}, insertion ${plain(faithfulness.insertion.area)}`;
  return `target ${target}, score ${plain(score)}${areas ?? ""}`;
}

const plain = (value: number): string => String(Number(value.toPrecision(5)));

/** A map's record without its pixels, which stand in the .npy file. */
export function plainMap({ attribution, seconds, faithfulness, sanity, forgotten }: JudgedMap): object {
  const { map, signed: _signed, layerMap: _layerMap, options, ...rest } = attribution;
  return {
    ...rest,
    options,
    shape: map.shape,
    ...(seconds !== undefined && { seconds: Number(seconds.toFixed(4)) }),
    ...(faithfulness && { deletion: faithfulness.deletion, insertion: faithfulness.insertion }),
    ...(sanity && { sanity: sanity.steps.map(({ layer, similarity }) => ({ layer, ...similarity })) }),
    ...(forgotten && { forgotten: { spearmanAbsolute: forgotten.spearmanAbsolute ?? null } }),
  };
}

/** File names without folder and ending, made different where they are alike: pictures of one name must not overwrite each other's maps. */
export function stemsOf(files: readonly string[]): string[] {
  const taken = new Set<string>();
  return files.map((file) => {
    const stem = baseName(file).replace(/\.[^.]*$/, "");
    let name = stem;
    for (let n = 2; taken.has(name); n++) name = `${stem}-${n}`;
    taken.add(name);
    return name;
  });
}
