import { expect, it } from "vitest";

import { loudness } from "./sound";

it("shows loudness between silence and full scale", () => {
  expect(loudness([0, 0, 0])).toBe(0);
  expect(loudness([])).toBe(0);
  expect(loudness([1, -1, 1])).toBe(1);
  expect(loudness([0.001, -0.001])).toBeCloseTo(0);
  expect(loudness([0.0316, -0.0316])).toBeCloseTo(0.5, 2);
});
