// What every page must keep to: opens from disk alone, can be read aloud, and can be walked through by keyboard.
import { expect } from "vitest";

const attribute = (tag: string, name: string): string | undefined => new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];

export function expectGoodPage(page: string): void {
  const body = page.replace(/<style>[\s\S]*?<\/style>/g, "").replace(/data:image\/png;base64,[A-Za-z0-9+/=]+/g, "data:");
  const tags = (name: string): string[] => body.match(new RegExp(`<${name}(?:\\s[^>]*)?>`, "g")) ?? [];
  expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
  expect(body).toMatch(/<title>[^<]+<\/title>/);
  expect(body).toContain('name="viewport"');
  // Nothing comes from elsewhere, and nothing runs.
  expect(body).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  expect(body).not.toMatch(/<script|<link|@import|url\(/);
  const ids = [...body.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
  expect(new Set(ids).size, "an id occurs twice").toBe(ids.length);
  for (const [, list] of body.matchAll(/\saria-labelledby="([^"]*)"/g)) for (const id of list.split(" ")) expect(ids).toContain(id);
  for (const [, id] of body.matchAll(/\shref="#([^"]*)"/g)) expect(ids).toContain(id);
  for (const tag of tags("img")) expect(attribute(tag, "alt"), tag.slice(0, 200)).toMatch(/\S/);
  for (const tag of body.match(/<[a-z]+\s[^>]*role="(?:img|region)"[^>]*>/g) ?? [])
    expect(attribute(tag, "aria-label"), tag.slice(0, 200)).toMatch(/\S/);
  for (const tag of tags("svg")) expect(/role="img"|aria-hidden="true"/.test(tag), tag.slice(0, 200)).toBe(true);
  for (const tag of tags("th")) expect(attribute(tag, "scope"), tag).toMatch(/^(row|col)$/);
  const levels = [...body.matchAll(/<h([1-6])[\s>]/g)].map(([, level]) => Number(level));
  expect(levels.filter((level) => level === 1)).toHaveLength(1);
  levels.forEach((level, i) => {
    expect(level - (levels[i - 1] ?? 0), `a heading of level ${level} after one of level ${levels[i - 1]}`).toBeLessThanOrEqual(1);
  });
  expect(body).toMatch(/<a class="skip" href="#content">/);
  // What scrolls must be reached by keyboard.
  for (const tag of body.match(/<div class="scroll"[^>]*>/g) ?? []) expect(attribute(tag, "tabindex")).toBe("0");
  expect((body.match(/<details/g) ?? []).length).toBe((body.match(/<summary>/g) ?? []).length);
}
