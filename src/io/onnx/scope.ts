// The names of one graph while it is read: those of its inputs, initialisers and nodes, then those of the graphs around it.
import { ModelFormatError } from "../../tensor/errors.ts";
import type { Entry } from "./node.ts";
import type { TensorProto } from "./schema.ts";
import type { TensorDecoder } from "./tensor-proto.ts";

export class Scope {
  /** In front of the names of weights and layers that are made here: "" in the file's graph, the call's name and "/" in a function. */
  readonly prefix: string;
  private readonly parent: Scope | undefined;
  private readonly entries = new Map<string, Entry>();
  private readonly initialisers = new Map<string, TensorProto>();
  private readonly decode: TensorDecoder;

  constructor(decode: TensorDecoder, prefix = "", parent?: Scope) {
    this.decode = decode;
    this.prefix = prefix;
    this.parent = parent;
  }

  /** Takes note of a graph's initialisers; each is decoded when something reads it. Throws `ModelFormatError` for names that are given twice. */
  addInitialisers(list: readonly TensorProto[]): void {
    for (const tensor of list) {
      if (tensor.name === "") throw new ModelFormatError("an initialiser has no name");
      if (this.initialisers.has(tensor.name)) throw new ModelFormatError(`there are two initialisers "${tensor.name}"`);
      this.initialisers.set(tensor.name, tensor);
    }
  }

  has(name: string): boolean {
    return this.entries.has(name) || this.initialisers.has(name) || (this.parent?.has(name) ?? false);
  }

  set(name: string, entry: Entry): void {
    this.entries.set(name, entry);
  }

  get(name: string): Entry | undefined {
    const found = this.entries.get(name);
    if (found !== undefined) return found;
    const stored = this.initialisers.get(name);
    if (stored === undefined) return this.parent?.get(name);
    const { tensor, onnxType } = this.decode(stored, `initialiser "${name}"`);
    const entry: Entry = { operand: tensor, onnxType, stored: true, name: `${this.prefix}${name}` };
    this.entries.set(name, entry);
    return entry;
  }
}
