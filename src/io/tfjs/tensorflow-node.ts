// What the reader of one TensorFlow operator sees of its node, and how it asks for attributes, known numbers and parameters.
import type { Operand } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import type { Context } from "../../nn/module.ts";
import { ModelFormatError, UnsupportedOpError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { ChannelsLast } from "./channels-last.ts";
import { type Json, list, number, record } from "./json.ts";

export interface TensorFlowNode {
  /** How messages name it: `Conv2D "block1/conv"`. */
  readonly where: string;
  readonly op: string;
  readonly inputs: readonly ChannelsLast[];
  /** An attribute as protobuf's JSON writes it: { i }, { list: { i } }, { b }, { s } ... */
  attr(name: string): Json;
}

export type TensorFlowFunction = (node: TensorFlowNode, context: Context) => ChannelsLast;

export function attribute(node: TensorFlowNode, name: string, kind: "i" | "f" | "b" | "s"): Json {
  const given = node.attr(name);
  return given === undefined ? undefined : record(given, `${node.where}: ${name}`)[kind];
}

export const flag = (node: TensorFlowNode, name: string): boolean => attribute(node, name, "b") === true;

/** Strings are bytes, which JSON writes in base64. */
export function word(node: TensorFlowNode, name: string): string | undefined {
  const given = attribute(node, name, "s");
  return given === undefined ? undefined : atob(String(given));
}

export function ints(node: TensorFlowNode, name: string): readonly number[] {
  const given = node.attr(name);
  if (given === undefined) return [];
  const { i = [] } = record(record(given, `${node.where}: ${name}`).list ?? {}, node.where);
  return list(i, node.where).map((n) => number(n, `${node.where}: ${name}`));
}

/** An operand whose numbers must be known: shapes, axes, paddings. */
export function known(node: TensorFlowNode, i: number): readonly number[] {
  const operand = at(node, i).atHand();
  if (operand instanceof Tensor) return Array.from(operand.data);
  throw new UnsupportedOpError(`${node.where}: operand ${i} depends on the picture; fovea needs to know it beforehand`);
}

export function at(node: TensorFlowNode, i: number): ChannelsLast {
  const operand = node.inputs[i];
  if (operand === undefined) throw new ModelFormatError(`${node.where}: has ${node.inputs.length} operands; number ${i} is missing`);
  return operand;
}

/** A stored tensor that is trained: the operand, as `convert` brings it into fovea's order. */
export function parameter(node: TensorFlowNode, context: Context, i: number, name: string, convert = (t: Tensor): Tensor => t): Value {
  const operand = at(node, i).last();
  if (!(operand instanceof Tensor)) throw new UnsupportedOpError(`${node.where}: its ${name} is computed from the picture`);
  const tensor = convert(operand);
  return context.parameter(name, tensor.shape, () => tensor);
}

export const first = (operand: Operand): ChannelsLast => ChannelsLast.ofChannelsFirst(operand);
export const last = (operand: Operand): ChannelsLast => ChannelsLast.of(operand);
