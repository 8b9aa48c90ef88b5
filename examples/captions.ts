// A picture becomes a sentence: nets that are only told which captions belong to which pictures learn what each word means, where it is, and to speak.
import {
  alignCaptions,
  argMax,
  captionedShapes,
  captionVocabulary,
  decodeCaptions,
  describePictures,
  encodeCaptions,
  teachCaptions,
  zoo,
} from "fovea";

const shapes = captionedShapes({ train: 1500, test: 200, seed: 0 });
const untaught = zoo.captionNets({ vocabulary: captionVocabulary.length, length: 6 });
const nets = await teachCaptions(untaught, shapes.train, {
  onEpoch: ({ epoch, ranking, speaking }) => console.log(`epoch ${epoch}: ranking ${ranking.toFixed(3)}, speaking ${speaking.toFixed(3)}`),
});

// What is said of pictures that were never seen; each has two true captions.
const all = Array.from({ length: shapes.test.size }, (_, i) => i);
const { pictures, words } = shapes.test.batch(all);
const said = decodeCaptions(await describePictures(nets, pictures));
const right = all.filter((i) => shapes.test.captions(i).includes(said[i])).length / all.length;
console.log(`"${said[0]}" and so on: ${(100 * right).toFixed(1)} % true`);

// Which of 200 captions suits a picture best, and where in the picture its words are.
const { scores, regions } = await alignCaptions(nets, pictures, words);
const best = argMax(scores, { axis: 1 }).data;
const found = all.filter((i) => shapes.test.captions(i).includes(shapes.test.captions(best[i])[0])).length / all.length;
console.log(`the best of ${all.length} captions is true of the picture for ${(100 * found).toFixed(1)} %`);

// A caption of one's own, put to one picture.
const [own] = shapes.test.captions(0);
const asked = await alignCaptions(nets, shapes.test.batch([0]).pictures, encodeCaptions([own]));
own.split(" ").forEach((word, t) => {
  const region = asked.regions.data[t];
  console.log(`${word}: row ${Math.floor(region / 5)}, column ${region % 5}`);
});

export const results = { shapes, said, right, best, found, scores, regions };
