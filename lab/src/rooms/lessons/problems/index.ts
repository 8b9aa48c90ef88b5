// All lessons, in the order in which they build on each other.
import type { Lesson } from "../lesson.ts";
import { activations } from "./activations.ts";
import { edges } from "./edges.ts";
import { equivariance } from "./equivariance.ts";
import { fields } from "./fields.ts";
import { learning } from "./learning.ts";
import { neurons } from "./neurons.ts";
import { rates } from "./rates.ts";
import { sharing } from "./sharing.ts";
import { sizes } from "./sizes.ts";
import { strides } from "./strides.ts";
import { vanishing } from "./vanishing.ts";
import { variants } from "./variants.ts";

export const lessons: readonly Lesson[] = [
  edges,
  sizes,
  strides,
  fields,
  sharing,
  equivariance,
  activations,
  learning,
  rates,
  vanishing,
  variants,
  neurons,
];
