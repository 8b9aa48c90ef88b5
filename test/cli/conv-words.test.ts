// What `fovea conv` says where numbers are large, lines are long and options are empty; in this process.
import { describe, expect, test } from "vitest";
import { addConvCommand, breakLine } from "../../src/cli/conv.ts";
import { addFilterCommand } from "../../src/cli/filter.ts";
import { showCount } from "../../src/cli/progress.ts";
import { run } from "./in-process.ts";

describe("fovea conv", () => {
  test("A5 says of counts above 2^53 that they are rounded, and prints smaller ones to the last digit", async () => {
    const { out } = await run(addConvCommand, ["conv", "--input", "1000000000x1000000000", "--kernel", "3", "--channels", "1000"]);
    // 1000·1000·3·3·999999998² = 8.999999964·10^24
    expect(out.replace(/\s+/g, " ")).toContain("about 9.000·10^24 = n·m·k1·k2·o1·o2 = 1000·1000·3·3·999999998·999999998");
    expect(out).not.toMatch(/\d(,\d{3}){6}/);
    expect(showCount(Number.MAX_SAFE_INTEGER)).toBe("9,007,199,254,740,991");
    expect(showCount(2 ** 53)).toBe("about 9.007·10^15");
  });

  test("no printed line ends in a space", async () => {
    const { out } = await run(addConvCommand, [
      "conv",
      "--input",
      "7x9",
      "--kernel",
      "3",
      "--stride",
      "2",
      "--padding",
      "1",
      "--dilation",
      "2",
    ]);
    for (const line of out.split("\n")) expect(line).toBe(line.trimEnd());
    for (const width of [10, 20, 30, 40]) {
      const lines = breakLine("o = floor((7 + 2·1 - 5) / 2) + 1 = 3   (relationship 15)", width);
      for (const line of lines) expect(line).toBe(line.trimEnd());
      expect(lines.join(" ").replace(/\s+/g, " ")).toBe("o = floor((7 + 2·1 - 5) / 2) + 1 = 3 (relationship 15)");
    }
  });

  test.each([
    ["an empty kernel", ["--kernel", ""], /^--kernel is empty; it needs a value: --kernel <size>$/],
    ["an empty kernel after a sign", ["--kernel="], /^--kernel is empty; it needs a value: --kernel <size>$/],
    ["a blank kernel", ["--kernel", " "], /^--kernel is empty; it needs a value/],
    ["a kernel without numbers", ["--kernel", ";"], /^--kernel is ";"; there are no numbers in it$/],
    ["an empty size", ["--input", ""], /^--input is empty; it needs a value: --input <size>$/],
  ])("refuses %s in words", async (_, args, says) => {
    await expect(run(addConvCommand, ["conv", ...args])).rejects.toThrow(says);
  });

  test("fovea filter refuses an empty kernel in words", async () => {
    await expect(run(addFilterCommand, ["filter", "any.png", "--kernel", ""])).rejects.toThrow(
      /^--kernel is empty; it needs a value: --kernel <name\|numbers>$/,
    );
  });
});
