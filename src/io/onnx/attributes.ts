// The attributes of one node by name and kind. A file may write an attribute of the wrong kind, twice, or (within a function) as a reference to one
// of the call's.
import { ModelFormatError } from "../../tensor/errors.ts";
import { type AttributeProto, attributeTypes } from "./schema.ts";

export type AttributeKind = keyof typeof attributeTypes;
export type Attributes = ReadonlyMap<string, AttributeProto>;

/** Which field of an attribute is in use; files older than IR version 2 do not say, and show it by what they fill. */
export function attributeKind(attribute: AttributeProto): AttributeKind | undefined {
  for (const [kind, number] of Object.entries(attributeTypes)) {
    if (number === attribute.type) return kind as AttributeKind;
  }
  if (attribute.type !== 0) return undefined;
  const { f, i, s, t, g, floats, ints, strings, tensors, graphs } = attribute;
  if (f !== undefined) return "float";
  if (i !== undefined) return "int";
  if (s !== undefined) return "string";
  if (t !== undefined) return "tensor";
  if (g !== undefined) return "graph";
  if (floats.length > 0) return "floats";
  if (strings.length > 0) return "strings";
  if (tensors.length > 0) return "tensors";
  if (graphs.length > 0) return "graphs";
  return ints.length > 0 ? "ints" : undefined;
}

/**
 * A node's attributes. `call` are those of the call of the function that the node is in: a reference stands for the call's attribute, and for
 * nothing when the call does not give it. Throws `ModelFormatError` for two of one name.
 */
export function attributesOf(list: readonly AttributeProto[], call: Attributes | undefined, where: string): Attributes {
  const found = new Map<string, AttributeProto>();
  for (const attribute of list) {
    if (found.has(attribute.name)) throw new ModelFormatError(`${where}: the attribute ${attribute.name} is given twice`);
    const { refAttrName } = attribute;
    if (refAttrName === "") found.set(attribute.name, attribute);
    else {
      const referred = call?.get(refAttrName);
      if (referred !== undefined) found.set(attribute.name, { ...referred, name: attribute.name });
    }
  }
  return found;
}

/** Where each kind has its value. */
interface FieldOf {
  readonly float: "f";
  readonly int: "i";
  readonly string: "s";
  readonly tensor: "t";
  readonly graph: "g";
  readonly floats: "floats";
  readonly ints: "ints";
  readonly strings: "strings";
  readonly tensors: "tensors";
  readonly graphs: "graphs";
}

const fields: FieldOf = {
  float: "f",
  int: "i",
  string: "s",
  tensor: "t",
  graph: "g",
  floats: "floats",
  ints: "ints",
  strings: "strings",
  tensors: "tensors",
  graphs: "graphs",
};

/** What protobuf leaves out because it is the default there. */
const defaults: Partial<Readonly<Record<AttributeKind, unknown>>> = { float: 0, int: 0, string: new Uint8Array() };

/** The value of an attribute of one kind; undefined when the file does not give it. Throws `ModelFormatError` for another kind. */
export function attributeValue<K extends AttributeKind>(
  attributes: Attributes,
  name: string,
  kind: K,
  where: string,
): NonNullable<AttributeProto[FieldOf[K]]> | undefined {
  const attribute = attributes.get(name);
  if (attribute === undefined) return undefined;
  const found = attributeKind(attribute);
  // An empty list shows no kind where the file does not say it.
  const empty = found === undefined && attribute.type === 0 && ["floats", "ints", "strings"].includes(kind);
  if (found !== kind && !empty) {
    throw new ModelFormatError(`${where}: the attribute ${name} is ${found ?? `of the unknown kind ${attribute.type}`}; expected ${kind}`);
  }
  const value = attribute[fields[kind]] ?? defaults[kind];
  if (value === undefined) throw new ModelFormatError(`${where}: the attribute ${name} is said to be ${kind}, but holds none`);
  return value as NonNullable<AttributeProto[FieldOf[K]]>;
}
