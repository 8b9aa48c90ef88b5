// The check that every options object goes through.
import { describe, expect, it } from "vitest";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { checkOptionNames, checkOptions, editDistance, nearestName, showGiven } from "../../src/tensor/options.ts";

interface Options {
  readonly stride?: number;
  readonly padding?: number;
}

describe("checkOptions", () => {
  it("accepts known names and nothing at all", () => {
    const given: Options = { stride: 1 };
    expect(() => checkOptions("f", given, ["stride", "padding"])).not.toThrow();
    expect(() => checkOptions("f", {} as Options, ["stride", "padding"])).not.toThrow();
  });

  it("the compiler refuses a list that lacks a name, or has one too many", () => {
    const given: Options = {};
    // @ts-expect-error padding is missing
    checkOptions("f", given, ["stride"]);
    // @ts-expect-error dilation is no option
    checkOptions("f", given, ["stride", "padding", "dilation"]);
  });

  it("names the unknown option, the nearest known one and all known ones", () => {
    expect(() => checkOptionNames("f", { strid: 2 }, ["stride", "padding"])).toThrow(
      new ArgumentError('f: unknown option "strid" (did you mean "stride"?); known options: stride, padding'),
    );
    expect(() => checkOptionNames("f", { colour: 2 }, ["stride"])).toThrow('f: unknown option "colour"; known options: stride');
    expect(() => checkOptionNames("f", { a: 2 }, [])).toThrow('f: unknown option "a"; it has no options');
  });

  it.each([
    [null, "null"],
    [3, "3"],
    [[1, 2], "[1, 2]"],
    ["same", '"same"'],
    [() => 0, "a function"],
  ])("refuses %s in place of options", (given, shown) => {
    expect(() => checkOptionNames("f", given, ["stride"])).toThrow(`f: the options are ${shown}; expected an object of stride`);
  });
});

describe("nearest names", () => {
  it.each([
    ["kitten", "sitting", 3],
    ["", "abc", 3],
    ["abc", "abc", 0],
    ["ab", "ba", 2],
  ])("the distance of %j and %j is %i", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });

  it.each([
    ["max", ["minimum", "maximum"], "maximum"],
    ["beta", ["betas", "eps"], "betas"],
    ["STRIDE", ["stride"], "stride"],
    ["rule", ["seed", "rules"], "rules"],
    ["x", ["xylophone"], undefined],
    ["frequency", ["stride", "padding"], undefined],
  ])("%j among %j means %j", (name, known, meant) => {
    expect(nearestName(name, known)).toBe(meant);
  });
});

describe("values in messages", () => {
  it.each([
    [undefined, "undefined"],
    [Number.NaN, "NaN"],
    [{}, "an object"],
    [new Map(), "a Map"],
    [Object.create(null), "an object"],
    ["a".repeat(50), `"${"a".repeat(40)}..."`],
    [new Array(9).fill(0), "a list of 9"],
  ])("%o", (value, shown) => {
    expect(showGiven(value)).toBe(shown);
  });
});
