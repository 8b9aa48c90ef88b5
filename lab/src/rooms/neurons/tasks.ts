// What the worker computes for this room.
import { attributionTasks } from "./tasks/attribution.ts";
import { exampleTasks } from "./tasks/examples.ts";
import { mapTasks } from "./tasks/maps.ts";
import { climbTasks } from "./tasks/maximise.ts";
import { questionTasks } from "./tasks/questions.ts";
import { viewFileTasks } from "./tasks/view-file.ts";

export const tasks = {
  /** Answers as soon as the worker listens. */
  async ping(): Promise<true> {
    return true;
  },
  ...mapTasks,
  ...climbTasks,
  ...attributionTasks,
  ...exampleTasks,
  ...questionTasks,
  ...viewFileTasks,
};
