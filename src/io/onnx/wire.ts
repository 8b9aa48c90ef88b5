// Protobuf messages as tables of fields: the same table reads and writes. pbf codes the primitives; the walk over them is ours, because a reader of
// untrusted files must check every length before it believes it, limit nesting, and say where a file is damaged.
import { PbfReader, PbfWriter } from "pbf";
import { FoveaError, ModelFormatError } from "../../tensor/errors.ts";

/** How a value is laid out: varint, 8 bytes, a length and so many bytes, 4 bytes. */
const varint = 0;
const eightBytes = 1;
const counted = 2;
const fourBytes = 5;

/** Deepest nesting of messages, as in Google's own readers. */
const deepest = 100;

/** Messages and texts in one file. Each takes two bytes there and a hundred here; the largest networks have a hundred thousand. */
const most = 2 ** 20;

/** One field of a message: its number, what stands for "absent", and how it is read and written. */
export interface Field<V> {
  readonly tag: number;
  /** Value of a field that is not in the file. */
  readonly absent: V;
  /** The value after one more occurrence in the file. Lists that are not empty grow in place. */
  read(source: Source, wire: number, before: V): V;
  /** Writes nothing for an absent value. */
  write(writer: PbfWriter, value: unknown): void;
}

/** A message type: one field per property. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> };

/** What may be left out when a message is written: everything. */
export type Draft<T> = T extends Uint8Array | number | string | undefined
  ? T
  : T extends readonly (infer E)[]
    ? readonly Draft<E>[]
    : { readonly [K in keyof T]?: Draft<T[K]> | undefined };

/** A file being read, and how deep in it we are. */
export interface Source {
  readonly reader: PbfReader;
  /** End of the innermost message. */
  end: number;
  depth: number;
  /** Messages and texts read so far. */
  count: number;
}

/** The message that `bytes` hold. Throws `ModelFormatError` with the place in words and the byte where they are damaged. */
export function decodeMessage<T>(fields: Fields<T>, bytes: Uint8Array, what: string): T {
  const source: Source = { reader: new PbfReader(bytes), end: bytes.length, depth: 0, count: 0 };
  try {
    return readFields(fields, source);
  } catch (error) {
    if (error instanceof Damage) {
      throw new ModelFormatError(
        `${what} is damaged at byte ${source.reader.pos}${error.path === "" ? "" : `, in ${error.path}`}: ${error.message}`,
        { reason: { kind: "damaged file", file: what, format: "protobuf" } },
      );
    }
    throw error;
  }
}

/** The bytes of a message: fields in order of the table, so the same message always gives the same bytes. */
export function encodeMessage<T>(fields: Fields<T>, message: Draft<T>): Uint8Array {
  const writer = new PbfWriter();
  writeFields(fields, message, writer);
  return writer.finish().slice();
}

/** What is wrong, and where in the tree of messages; the path grows on the way out. */
class Damage extends FoveaError {
  path = "";
}

const byTag = new WeakMap<object, ReadonlyMap<number, string>>();

function tagsOf(fields: object): ReadonlyMap<number, string> {
  const known = byTag.get(fields);
  if (known !== undefined) return known;
  const tags = new Map(Object.entries(fields as Readonly<Record<string, Field<unknown>>>).map(([key, { tag }]) => [tag, key]));
  byTag.set(fields, tags);
  return tags;
}

function readFields<T>(fields: Fields<T>, source: Source): T {
  const { reader, end } = source;
  const table = fields as Readonly<Record<string, Field<unknown>>>;
  const tags = tagsOf(fields);
  const message: Record<string, unknown> = {};
  for (const [key, { absent }] of Object.entries(table)) message[key] = absent;
  while (reader.pos < end) {
    const at = reader.pos;
    const header = readVarint(source);
    const tag = Math.floor(header / 8);
    const wire = header % 8;
    const key = tags.get(tag);
    if (tag === 0 || tag > 0x1fffffff) {
      reader.pos = at;
      throw new Damage(`there is no field number ${tag}`);
    }
    if (key === undefined) {
      skip(source, wire);
      continue;
    }
    try {
      message[key] = table[key].read(source, wire, message[key]);
    } catch (error) {
      if (error instanceof Damage) {
        const list = message[key];
        const step = Array.isArray(list) ? `${key}[${list.length}]` : key;
        error.path = error.path === "" ? step : `${step}.${error.path}`;
      }
      throw error;
    }
  }
  return message as T;
}

function writeFields<T>(fields: Fields<T>, message: Draft<T>, writer: PbfWriter): void {
  const given = message as Readonly<Record<string, unknown>>;
  for (const [key, field] of Object.entries(fields as Readonly<Record<string, Field<unknown>>>)) {
    if (given[key] !== undefined) field.write(writer, given[key]);
  }
}

function need(source: Source, count: number): void {
  const left = source.end - source.reader.pos;
  if (count > left) throw new Damage(`${count} more bytes are announced, but only ${left} are left`);
}

/** Checked here because pbf itself reads on behind the end. */
function readVarint(source: Source, signed = false): number {
  const { reader, end } = source;
  const last = Math.min(end, reader.pos + 10);
  let at = reader.pos;
  while (at < last && reader.buf[at] > 0x7f) at++;
  if (at === last) throw new Damage(last === end ? "it ends within a number" : "a number has more than 10 bytes");
  return reader.readVarint(signed);
}

function readLength(source: Source): number {
  const length = readVarint(source);
  need(source, length);
  return length;
}

function expectWire(given: number, wanted: number): void {
  if (given !== wanted) throw new Damage(`a field of wire type ${given} where ${wanted} belongs`);
}

function tally(source: Source): void {
  if (++source.count > most) throw new Damage(`there are more than ${most} messages and texts`);
}

function skip(source: Source, wire: number): void {
  if (wire === varint) readVarint(source);
  else if (wire === eightBytes || wire === fourBytes || wire === counted) {
    const length = wire === eightBytes ? 8 : wire === fourBytes ? 4 : readLength(source);
    need(source, length);
    source.reader.pos += length;
  } else throw new Damage(`there is no wire type ${wire}`);
}

function readBytes(source: Source): Uint8Array {
  const length = readLength(source);
  const { reader } = source;
  const start = reader.pos;
  reader.pos += length;
  return reader.buf.subarray(start, start + length);
}

/** Runs `read` with the next counted stretch as the whole source. */
function within<V>(source: Source, read: () => V): V {
  const length = readLength(source);
  const outer = source.end;
  source.end = source.reader.pos + length;
  const result = read();
  source.end = outer;
  return result;
}

const utf8 = new TextDecoder();

/** A string; "" when absent, and then written only if `evenEmpty`. */
export function text(tag: number, evenEmpty = false): Field<string> {
  return {
    tag,
    absent: "",
    read(source, wire) {
      expectWire(wire, counted);
      return utf8.decode(readBytes(source));
    },
    write(writer, value) {
      if (evenEmpty || value !== "") writer.writeStringField(tag, value as string);
    },
  };
}

/** A list of strings. */
export function texts(tag: number): Field<readonly string[]> {
  return {
    tag,
    absent: [],
    read(source, wire, before) {
      expectWire(wire, counted);
      tally(source);
      return grown(before, utf8.decode(readBytes(source)));
    },
    write(writer, value) {
      for (const each of value as readonly string[]) writer.writeStringField(tag, each);
    },
  };
}

/** Bytes; a view of the file. */
export function bytes(tag: number): Field<Uint8Array | undefined> {
  return {
    tag,
    absent: undefined,
    read(source, wire) {
      expectWire(wire, counted);
      return readBytes(source);
    },
    write(writer, value) {
      writer.writeBytesField(tag, value as Uint8Array);
    },
  };
}

/** Strings of bytes. */
export function manyBytes(tag: number): Field<readonly Uint8Array[]> {
  return {
    tag,
    absent: [],
    read(source, wire, before) {
      expectWire(wire, counted);
      tally(source);
      return grown(before, readBytes(source));
    },
    write(writer, value) {
      for (const each of value as readonly Uint8Array[]) writer.writeBytesField(tag, each);
    },
  };
}

/** How one kind of number is coded. */
interface Coding {
  readonly wire: number;
  read(source: Source): number;
  write(writer: PbfWriter, value: number): void;
}

/** Signed 64-bit: exact up to 2^53, then the nearest double, at most the largest one below 2^63. */
const int64: Coding = {
  wire: varint,
  read: (source) => readVarint(source, true),
  write: (writer, value) => writer.writeVarint(Math.min(Math.max(value, -(2 ** 63)), 2 ** 63 - 1024)),
};
const uint64: Coding = { wire: varint, read: (source) => readVarint(source), write: (writer, value) => writer.writeVarint(value) };
const float32: Coding = {
  wire: fourBytes,
  read(source) {
    need(source, 4);
    return source.reader.readFloat();
  },
  write: (writer, value) => writer.writeFloat(value),
};
const float64: Coding = {
  wire: eightBytes,
  read(source) {
    need(source, 8);
    return source.reader.readDouble();
  },
  write: (writer, value) => writer.writeDouble(value),
};

function number<V extends number | undefined>(tag: number, coding: Coding, absent: V): Field<V | number> {
  return {
    tag,
    absent,
    read(source, wire) {
      expectWire(wire, coding.wire);
      return coding.read(source);
    },
    write(writer, value) {
      writer.writeTag(tag, coding.wire);
      coding.write(writer, value as number);
    },
  };
}

function numbers(tag: number, coding: Coding, packed: boolean): Field<readonly number[]> {
  return {
    tag,
    absent: [],
    read(source, wire, before) {
      // Writers may pack or not, whatever the schema says; readers take both.
      if (wire !== counted) {
        expectWire(wire, coding.wire);
        return grown(before, coding.read(source));
      }
      return within(source, () => {
        const list = before.length === 0 ? [] : (before as number[]);
        while (source.reader.pos < source.end) list.push(coding.read(source));
        return list;
      });
    },
    write(writer, value) {
      const list = value as readonly number[];
      if (list.length === 0) return;
      if (packed) {
        writer.writeMessage(
          tag,
          (each, w) => {
            for (const n of each) coding.write(w, n);
          },
          list,
        );
        return;
      }
      for (const n of list) {
        writer.writeTag(tag, coding.wire);
        coding.write(writer, n);
      }
    },
  };
}

/** An integer that is 0 when absent. */
export const int = (tag: number): Field<number> => number(tag, int64, 0);
export const maybeInt = (tag: number): Field<number | undefined> => number(tag, int64, undefined);
export const maybeFloat = (tag: number): Field<number | undefined> => number(tag, float32, undefined);
export const ints = (tag: number): Field<readonly number[]> => numbers(tag, int64, false);
export const floats = (tag: number): Field<readonly number[]> => numbers(tag, float32, false);
export const packedInts = (tag: number): Field<readonly number[]> => numbers(tag, int64, true);
export const packedUints = (tag: number): Field<readonly number[]> => numbers(tag, uint64, true);
export const packedFloats = (tag: number): Field<readonly number[]> => numbers(tag, float32, true);
export const packedDoubles = (tag: number): Field<readonly number[]> => numbers(tag, float64, true);

function readMessage<T>(fields: Fields<T>, source: Source): T {
  if (source.depth === deepest) throw new Damage(`messages are nested more than ${deepest} deep`);
  tally(source);
  source.depth++;
  const message = within(source, () => readFields(fields, source));
  source.depth--;
  return message;
}

/** A message within a message. The table comes as a function, so that types may contain themselves. */
export function message<T>(tag: number, fields: () => Fields<T>): Field<T | undefined> {
  return {
    tag,
    absent: undefined,
    read(source, wire) {
      expectWire(wire, counted);
      return readMessage(fields(), source);
    },
    write(writer, value) {
      writer.writeMessage(tag, (each: Draft<T>, w) => writeFields(fields(), each, w), value as Draft<T>);
    },
  };
}

export function messages<T>(tag: number, fields: () => Fields<T>): Field<readonly T[]> {
  return {
    tag,
    absent: [],
    read(source, wire, before) {
      expectWire(wire, counted);
      return grown(before, readMessage(fields(), source));
    },
    write(writer, value) {
      for (const each of value as readonly Draft<T>[]) writer.writeMessage(tag, (m: Draft<T>, w) => writeFields(fields(), m, w), each);
    },
  };
}

/** Lists of one and more belong to the message being read, so they may grow in place: copying would take quadratic time. The empty one is everybody's. */
function grown<V>(list: readonly V[], next: V): readonly V[] {
  if (list.length === 0) return [next];
  (list as V[]).push(next);
  return list;
}
