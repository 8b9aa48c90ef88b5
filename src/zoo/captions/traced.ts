// The nets of captions written out together: what one gives is what another takes.
import { constant, fill } from "../../graph/record.ts";
import { substitute } from "../../graph/rewrite.ts";
import type { Value } from "../../graph/value.ts";
import type { Model } from "../../nn/model.ts";
import { argMax, broadcastTo, concat, einsum, oneHot, reshape, slice, softmax } from "../../ops/index.ts";
import { checkOptions } from "../../tensor/options.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type CaptionNets, expectCaptionNets, glances, regionSide } from "./nets.ts";

/** The nets written out, their parameters shared by all uses in one graph. */
export interface TracedCaptionNets {
  readonly parameters: ReadonlyMap<string, Value>;
  /** [N, channels, height, width] -> [N, features, regions], the regions row by row. */
  look(pictures: Value): Value;
  /** int32 [M, length] -> [M, features, length]. */
  read(words: Value): Value;
  /** Regions and words int32 [N, length] -> the scores of the word at each place, [N, vocabulary, length], from the words before it alone. */
  speak(regions: Value, words: Value): Value;
}

/** Traces the nets for so many pictures and captions. Frozen parameters (the default) are constants, others variables. */
export function traceCaptionNets(
  nets: CaptionNets,
  counts: { readonly pictures: number; readonly captions: number },
  options: { readonly frozen?: boolean } = {},
): TracedCaptionNets {
  expectCaptionNets("traceCaptionNets", nets);
  checkOptions("traceCaptionNets", options, ["frozen"]);
  const { looker, reader, asker, speaker } = nets;
  const { frozen = true } = options;
  const parameters = new Map<string, Value>();
  const part = (model: Model, batch: number): ((given: Value) => Value) => {
    const traced = model.trace({ batch, frozen });
    for (const [name, value] of traced.parameters) parameters.set(name, value);
    return (given) => substitute([traced.output], new Map([[traced.input, given]]))[0];
  };
  const [vocabulary, length] = reader.inputShape;
  const spelled = (words: Value): Value => oneHot(words, { classes: vocabulary, axis: 1 });
  const look = part(looker, counts.pictures);
  const read = part(reader, counts.captions);
  const ask = part(asker, counts.pictures);
  const speak = part(speaker, counts.pictures);
  const places = placesOf(looker);
  return {
    parameters,
    look(pictures) {
      const maps = look(pictures);
      const [count, features, rows, columns] = maps.shape;
      return reshape(maps, [count, features, rows * columns]);
    },
    read: (words) => read(spelled(words)),
    speak(regions, words) {
      const [count, features, regionCount] = regions.shape;
      const before = spelled(concat([unsaid(count, 1), slice(words, { ends: [length - 1], axes: [1] })], { axis: 1 }));
      const queries = reshape(ask(before), [count, glances, features, length]);
      const glance = softmax(einsum("ngdt,ndr->ngtr", [queries, regions]), { axis: 3 });
      const placed = concat([regions, broadcastTo(places, [count, 2, regionCount])], { axis: 1 });
      const seen = einsum("ngtr,ndr->ngdt", [glance, placed]);
      return speak(concat([before, reshape(seen, [count, glances * (features + 2), length])], { axis: 1 }));
    },
  };
}

const unsaid = (count: number, places: number): Value => fill([count, places], 0, "int32");

/** Row and column of each region, counted from the middle of the picture: [1, 2, regions]. */
function placesOf({ inputShape: [, height, width] }: Model): Value {
  const [rows, columns] = [height / regionSide, width / regionSide];
  const places = Float32Array.from({ length: 2 * rows * columns }, (_, i) => {
    const region = i % (rows * columns);
    return i < rows * columns ? Math.floor(region / columns) - (rows - 1) / 2 : (region % columns) - (columns - 1) / 2;
  });
  return constant(new Tensor(places, [1, 2, rows * columns]));
}

/** What the nets say of these regions, word by word, each the likeliest after those before: int32 [N, length]. */
export function spokenWords(nets: TracedCaptionNets, regions: Value, length: number): Value {
  const count = regions.shape[0];
  const said: Value[] = [];
  for (let place = 0; place < length; place++) {
    const scores = nets.speak(regions, concat([...said, unsaid(count, length - place)], { axis: 1 }));
    said.push(slice(argMax(scores, { axis: 1 }), { starts: [place], ends: [place + 1], axes: [1] }));
  }
  return concat(said, { axis: 1 });
}
