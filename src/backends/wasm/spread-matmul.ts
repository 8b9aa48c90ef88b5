// Matrix products whose batches broadcast in a way that no kernel walks: both factors are repeated until they have the same batches, as one axis.

import type { Graph } from "../../graph/graph.ts";
import { rebuild, rewriteGraph } from "../../graph/rewrite.ts";
import type { Value } from "../../graph/value.ts";
import { broadcastTo } from "../../ops/broadcast.ts";
import { type MatmulOptions, matmul, matmulGeometry } from "../../ops/matmul.ts";
import { reshape } from "../../ops/reshape.ts";
import { sizeOf } from "../../tensor/shape.ts";

/** Respells every matmul that `hasKernel` does not know and that broadcasts. */
export function spreadMatmuls(graph: Graph, hasKernel: (value: Value) => boolean): Graph {
  return rewriteGraph(graph, (value, inputs) => {
    if (value.op.name !== "matmul") return undefined;
    const current = rebuild(value, inputs);
    if (hasKernel(current)) return current;
    const options = current.attrs as MatmulOptions;
    const [a, b] = current.inputs;
    const { batch } = matmulGeometry(a.shape, b.shape, options);
    if (batch.length < 2) return current;
    const [left, right] = [a, b].map((factor) => {
      const matrix = factor.shape.slice(-2);
      return reshape(broadcastTo(factor, [...batch, ...matrix]), [sizeOf(batch), ...matrix]);
    });
    return reshape(matmul(left, right, options), current.shape);
  });
}
