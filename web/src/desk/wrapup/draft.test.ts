import { expect, it } from "vitest";

import { emptyDraft, isFinal, isWorthKeeping, toCommand } from "./draft";

it("sends a work order only where one is wanted", () => {
  const draft = { ...emptyDraft(), disposition: "resolved", notes: " ok ", title: " Dead line " };
  expect(toCommand("c1", draft, "k1")).toEqual({ contact_id: "c1", disposition: "resolved", notes: "ok" });
  expect(toCommand("c1", { ...draft, order: true }, "k1")).toMatchObject({
    work_order: { title: "Dead line", customer_id: "k1", type: "consultation", urgency: "normal" },
  });
});

it("keeps its id where nobody knows what was done", () => {
  expect(["invalid", "conflict"].every(isFinal)).toBe(true);
  expect(["unreachable", "unavailable", "internal", "full"].some(isFinal)).toBe(false);
});

it("is worth keeping when somebody typed", () => {
  expect(isWorthKeeping(emptyDraft())).toBe(false);
  expect(isWorthKeeping({ ...emptyDraft(), notes: "x" })).toBe(true);
});
