import { describe, expect, it } from "vitest";

import { en } from "./en";
import { fill, word, translator } from "./index";
import { zh } from "./zh";

const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();

describe("the dictionaries", () => {
  it("have the same keys in the same order", () => {
    expect(Object.keys(zh)).toEqual(Object.keys(en));
  });

  it("have a text for each, with the same values in it", () => {
    for (const [key, text] of Object.entries(en)) {
      const other = zh[key as keyof typeof zh];
      expect(other, key).not.toBe("");
      expect(names(other), key).toEqual(names(text));
    }
  });
});

describe("values", () => {
  it("are put in as they are", () => {
    expect(fill("{who} calls", { who: "{time} <b>$&" })).toBe("{time} <b>$& calls");
  });

  it("that nobody translated stay as they are", () => {
    expect(word(translator("en"), "order.state", "new")).toBe("New");
    expect(word(translator("en"), "order.state", "paused")).toBe("paused");
  });
});
