// Charts as text: round ticks, exact snapshots of small drawings, and words for those who do not see them.
import { describe, expect, it } from "vitest";
import { html, legend, linearTicks, lineChart, logTicks, sequential, smooth } from "../../src/report/index.ts";

describe("ticks", () => {
  it("divide a range into steps of 1, 2 or 5 times a power of ten", () => {
    expect(linearTicks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearTicks(0, 0.3, 3)).toEqual([0, 0.1, 0.2, 0.3]);
    expect(linearTicks(-7, 23, 6)).toEqual([-5, 0, 5, 10, 15, 20]);
    expect(linearTicks(3, 3)).toEqual([3]);
    expect(linearTicks(0, 1410, 6)).toEqual([0, 500, 1000]);
  });

  it("of a logarithmic axis are 1, 2 and 5 times powers of ten, or the powers alone", () => {
    expect(logTicks(0.04, 2.3)).toEqual([0.05, 0.1, 0.2, 0.5, 1, 2]);
    expect(logTicks(1e-6, 10)).toEqual([1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10]);
  });
});

describe("line charts", () => {
  const options = { title: "Loss", xLabel: "step", yLabel: "loss", width: 240, height: 120 };

  it("draw the same text for the same numbers", () => {
    const chart = lineChart(
      [
        {
          name: "training",
          points: [
            [0, 1],
            [1, 0.5],
            [2, 0.25],
          ],
        },
      ],
      options,
    );
    expect(chart.text).toMatchInlineSnapshot(`
      "<svg class="chart" viewBox="0 0 240 120" role="img" aria-label="Loss. At the end: training 0.25.">
      <g class="grid" aria-hidden="true"><path d="M56,68H226"/><path d="M56,54.7H226"/><path d="M56,41.3H226"/><path d="M56,28H226"/></g>
      <g class="ticks" aria-hidden="true">
      <text x="48" y="68" dy=".32em" text-anchor="end">0.4</text><text x="48" y="54.7" dy=".32em" text-anchor="end">0.6</text><text x="48" y="41.3" dy=".32em" text-anchor="end">0.8</text><text x="48" y="28" dy=".32em" text-anchor="end">1</text>
      <text x="56" y="98" text-anchor="middle">0</text><text x="98.5" y="98" text-anchor="middle">0.5</text><text x="141" y="98" text-anchor="middle">1</text><text x="183.5" y="98" text-anchor="middle">1.5</text><text x="226" y="98" text-anchor="middle">2</text>
      <text class="axis" x="0" y="12">loss</text>
      <text class="axis" x="226" y="116" text-anchor="end">step</text>
      </g>
      <path class="base" aria-hidden="true" d="M56,80H226"/>
      <g class="series s0"><title>training</title><path d="M56,28L141,61.3L226,78"/><circle cx="56" cy="28" r="3"/><circle cx="141" cy="61.3" r="3"/><circle cx="226" cy="78" r="3"/></g>
      </svg>"
    `);
  });

  it("leave a gap where a value is not finite, and say the last value aloud", () => {
    const series = [
      {
        name: "a <b>",
        points: [
          [0, 1],
          [1, Number.NaN],
          [2, 3],
          [3, 2],
        ] as const,
      },
    ];
    const { text } = lineChart(series, options);
    expect(text).toMatch(/ d="M56,[\d.]+M[\d.]+,[\d.]+L226,[\d.]+"/);
    expect(text).toContain('aria-label="Loss. At the end: a &#60;b&#62; 2."');
  });

  it("a logarithmic axis passes over what has no logarithm, and nothing to draw is an error", () => {
    const { text } = lineChart(
      [
        {
          name: "a",
          points: [
            [0, 10],
            [1, 0],
            [2, 0.1],
          ],
        },
      ],
      { ...options, yScale: "log" },
    );
    expect(text).toContain(">10</text>");
    expect(text).not.toContain("NaN");
    expect(() => lineChart([{ name: "a", points: [] }], options)).toThrow(/no series has a point/);
  });

  it("smoothing takes means of neighbours, and the last group may be short", () => {
    expect(
      smooth(
        [
          [1, 2],
          [2, 4],
          [3, 9],
        ],
        2,
      ),
    ).toEqual([
      [1.5, 3],
      [3, 9],
    ]);
  });
});

describe("markup", () => {
  it("escapes what is put into it, joins lists, and leaves nothing for what is absent", () => {
    expect(html`<p title="${'"&'}">${"<script>"}${[1, html`<b>x</b>`]}${undefined}${false}</p>`.text).toBe(
      '<p title="&#34;&#38;">&#60;script&#62;1<b>x</b></p>',
    );
  });

  it("a legend says its raw numbers in words", () => {
    expect(legend(sequential, { low: 0, high: 3.5 }, "activation").text).toContain('aria-label="Colour scale from 0 to 3.5 (activation)"');
  });
});
