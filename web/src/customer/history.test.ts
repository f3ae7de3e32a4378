import { expect, it } from "vitest";

import { translator } from "../i18n";
import type { TimelineEntry } from "../shared/types";
import { lineOf } from "./history";

const entry = (kind: string, data: Record<string, unknown>, title = ""): TimelineEntry => ({
  entry_id: "e", at: null, kind, channel: "voice", contact_id: "", agent_id: "", title, data,
});
const dispositions = [{ code: "resolved", en: "Resolved", zh: "已解决" }];
const line = (one: TimelineEntry, language: "en" | "zh-CN" = "en") => lineOf(translator(language), language, dispositions, one);

it("tells of a call with what agent and caller said of it", () => {
  const call = entry("contact", {
    outcome: "OUTCOME_ANSWERED", talkMs: "61000", agentId: "a1",
    wrapUps: [{ disposition: "resolved", notes: "ok" }], surveys: [{ score: 4, highest: 5 }],
  });
  expect(line(call)).toEqual({ title: "Call taken", details: ["talked 1:01", "by a1", "Resolved", "ok", "rated 4 of 5"] });
  expect(line(call, "zh-CN").details).toContain("已解决");
});

it("tells of a work order's steps", () => {
  expect(line(entry("work_order", { number: "WO-1", action: "dispatch", toState: "dispatched" })))
    .toEqual({ title: "Work order WO-1", details: ["Dispatch", "Dispatched"] });
});

it("shows as it came what nobody foresaw", () => {
  expect(line(entry("fax", {}, "2 pages"))).toEqual({ title: "fax", details: ["2 pages"] });
  expect(line(entry("contact", {}, "answered · sales"))).toEqual({ title: "Call", details: ["answered · sales"] });
  expect(line(entry("contact", { wrapUps: "broken", surveys: [null] }, "x")).title).toBe("Call");
});
