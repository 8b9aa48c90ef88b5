// Tasks that several rooms ask for.
import { activations } from "fovea";
import type { TaskContext } from "./context.ts";
import type { NetRef } from "./nets.ts";
import { type Numbers, toNumbers, toTensor } from "./tensors.ts";

/** What the interface needs to know of a net before it asks for anything else. */
export interface NetFacts {
  readonly inputShape: readonly number[];
  readonly classes: readonly string[] | undefined;
  readonly parameters: number;
  readonly layers: readonly LayerFacts[];
}

export interface LayerFacts {
  readonly name: string;
  readonly kind: string;
  /** Without the batch axis. */
  readonly outputShape: readonly number[];
  readonly parameters: number;
  readonly multiplyAdds: number;
}

export const tasks = {
  async facts(net: NetRef, { open }: TaskContext): Promise<NetFacts> {
    const model = await open(net);
    return {
      inputShape: [...model.inputShape],
      classes: model.classes,
      parameters: model.parameterCount,
      layers: model.summary().layers.map((l) => ({
        name: l.name,
        kind: l.kind,
        outputShape: [...l.outputShape],
        parameters: l.parameters,
        multiplyAdds: l.macs,
      })),
    };
  },

  /** The values of layers on one picture that is prepared already. */
  async activations(
    { net, picture, layers }: { readonly net: NetRef; readonly picture: Numbers; readonly layers?: readonly string[] },
    { open, signal }: TaskContext,
  ): Promise<Record<string, Numbers>> {
    const model = await open(net);
    const values = await activations(model, toTensor(picture), { signal, ...(layers && { layers }) });
    return Object.fromEntries([...values].map(([name, value]) => [name, toNumbers(value)]));
  },
};
