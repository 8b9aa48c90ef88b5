// The page as a whole: complete, self-contained, readable without eyes, honest about strength.
import { describe, expect, it } from "vitest";
import { writeReport } from "../../src/report/index.ts";
import { sampleReport } from "./sample.ts";

const data = sampleReport();
const page = writeReport(data);
const all = (pattern: RegExp, text = page): string[] => [...text.matchAll(pattern)].map((m) => m[0]);

describe("report.html", () => {
  it("has every section, each under a heading that its link in the contents leads to", () => {
    const ids = ["curves", "confusion", "mistakes", "layers", "filters", "maps", "channels"];
    for (const id of ids) {
      expect(page).toContain(`<section id="${id}" aria-labelledby="${id}-title">`);
      expect(page).toContain(`<h2 id="${id}-title">`);
      expect(page).toContain(`<a href="#${id}">`);
    }
    expect(all(/<h1>/g)).toHaveLength(1);
    for (const landmark of ["<header", "<nav aria-label", "<main", "<footer"]) expect(all(new RegExp(landmark, "g"))).toHaveLength(1);
    expect(page).toContain('<html lang="en">');
  });

  it("needs nothing but itself: no script, and no address that is not a fragment or data", () => {
    expect(page).not.toMatch(/<script|<link|@import|url\(/);
    expect(page).not.toMatch(/https?:/);
    const addresses = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map((m) => m[1]);
    expect(addresses.length).toBeGreaterThan(50);
    for (const address of addresses) expect(address).toMatch(/^(#|data:image\/png;base64,)/);
  });

  it("says every picture in words: images have alt texts, drawings labels", () => {
    const images = all(/<img [^>]*>/g);
    expect(images.length).toBeGreaterThan(60);
    for (const image of images) expect(image).toMatch(/ alt="[^"]{5,}"/);
    for (const drawing of all(/<svg [^>]*>/g)) expect(drawing).toMatch(/role="img" aria-label="[^"]{10,}"|aria-hidden="true"/);
  });

  it("every tag that is opened is closed, and no id occurs twice", () => {
    const open: string[] = [];
    const single = new Set(["meta", "img", "br", "rect", "image", "circle", "path", "!doctype"]);
    for (const [, slash, name, selfClosing] of page.matchAll(/<(\/?)([a-z0-9!]+)(?:"[^"]*"|[^>"])*?(\/?)>/gi)) {
      if (single.has(name.toLowerCase()) || selfClosing === "/") continue;
      if (slash === "") open.push(name);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("AM8 prints the spectral slope of every climbed input, and what slopes mean", () => {
    const articles = page.split("<article").slice(1);
    expect(articles[0]).toContain("<dt>slope</dt><dd>−1.85</dd>");
    expect(articles[2]).toContain("<dt>slope</dt><dd>none: constant</dd>");
    expect(page).toContain("Slope: how fast power falls with frequency, about −2 in photographs, near 0 in noise.");
  });

  it("KD9 prints the activation reached, the best training picture's and their ratio for every channel", () => {
    const articles = page.split("<article").slice(1);
    expect(articles).toHaveLength(4);
    for (const [channel, article] of articles.entries()) {
      expect(article).toContain(`<dt>reached</dt><dd>${5 + channel}</dd>`);
      expect(article).toContain(`<dt>best picture</dt><dd>${channel === 3 ? "−0.2" : "4.2"}</dd>`);
    }
    expect(articles[0]).toContain("<dt>ratio</dt><dd>1.19 ×</dd>");
    // A ratio to something that is not above 0 says nothing.
    expect(articles[3]).toContain("<dt>ratio</dt><dd>none: no picture excites it</dd>");
    expect(articles[3]).toContain("channel 3 is never above 0");
  });

  it("says numerically zero instead of drawing noise", () => {
    const guided = page.split("<article")[3];
    expect(guided).toContain("numerically zero");
  });

  it("prints the numbers of the headline, the confusion matrix and the layer table", () => {
    for (const fact of ["99.14 %", "86 of 10\u202f000", "1 min 34 s", "22\u202f282", "1\u202f601\u202f600", "wasm, 2 threads"])
      expect(page).toContain(fact);
    const rows = page.split('<table class="confusion">')[1].split("</table>")[0];
    for (const n of data.confusion?.flat().filter((v) => v > 0) ?? []) expect(rows).toContain(`>${n}</td>`);
    expect(all(/<tr><th scope="row">conv2<\/th>.*12\u202f832/g)).toHaveLength(1);
  });

  it("the same data gives the same page, and missing parts are left out without a trace", () => {
    expect(writeReport(sampleReport())).toBe(page);
    const { title, headline, classes } = data;
    const bare = writeReport({ title, headline, classes });
    expect(bare).not.toMatch(/<section|<nav/);
    expect(bare).toContain("99.14 %");
  });

  it("text from outside cannot break out of the page", () => {
    const hostile = writeReport({ ...data, title: '<img src=x onerror="x">', classes: data.classes.map((c) => `<u>${c}`) });
    expect(hostile).not.toContain("<img src=x");
    expect(hostile).not.toContain("<u>0");
  });
});
