import { describe, expect, it } from "vitest";

import { translator } from "../../i18n";
import { ApiError } from "../../shared/api";
import { changesOf, changesOfLevels, levelOf, matching, withLevel, type Levels } from "./bulk";
import { changed, newAgent, newQueue, rebased, restoring, same, type QueueDocument } from "./documents";
import { isAbout, isStale, refusedField, sectionOf } from "./fields";
import { copied, grouped, nextSpan, timeOf, withHolidays } from "./hours";
import { agentDifferences, differences, lasting, rules } from "./words";

const names = { t: translator("en"), titleOf: (queue: string) => ({ support: "Support" })[queue] ?? queue };
const queue = (fields: Partial<QueueDocument> = {}): QueueDocument => ({ ...newQueue("sales"), ...fields });
const WORKDAYS = [1, 2, 3, 4, 5].map((weekday) => ({ weekday, opens: "09:00", closes: "18:00" }));

describe("a document", () => {
  it("says which settings differ; its revision is none", () => {
    expect(changed(queue({ revision: 1 }), queue({ revision: 2, wrap_up_s: 30 }))).toEqual(["wrap_up_s"]);
    expect(same({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] })).toBe(true);
    expect(same({ a: [1] }, { a: { 0: 1 } })).toBe(false);
  });

  it("that somebody else changed meanwhile keeps what both changed, this person's last", () => {
    const base = queue({ revision: 1 });
    const theirs = { ...base, revision: 2, title: "Theirs", wrap_up_s: 5 };
    const mine = { ...base, wrap_up_s: 30 };
    expect(rebased(base, mine, theirs)).toEqual({ ...theirs, wrap_up_s: 30 });
  });

  it("is put back with the revision that it replaces", () => {
    expect(restoring(queue({ revision: 1 }), queue({ revision: 4 })).revision).toBe(4);
    expect("revision" in restoring(queue(), queue())).toBe(false);
  });
});

describe("a refusal", () => {
  const error = new ApiError("invalid", "on_full: goes in a circle: a → b → a", "on_full");

  it("stands at the field it names, without naming it again", () => {
    const refused = refusedField(error);
    expect(refused).toEqual({ field: "on_full", sentence: "goes in a circle: a → b → a" });
    expect(sectionOf(refused)).toBe("overflow");
    expect(isAbout(refused, "on_full")).toBe(true);
    expect(isAbout({ field: "hours.spans.0.opens", sentence: "" }, "hours")).toBe(true);
    expect(isAbout({ field: "hours_x", sentence: "" }, "hours")).toBe(false);
    expect(sectionOf({ field: "body", sentence: "" })).toBeNull();
  });

  it("of another kind names no field", () => {
    expect(refusedField(new ApiError("unavailable", "away", null, "acd"))).toBeNull();
    expect([new ApiError("conflict", ""), new ApiError("stale", "")].every(isStale)).toBe(true);
    expect(isStale(error)).toBe(false);
  });
});

describe("a week", () => {
  it("takes times as people type them", () => {
    expect(["9", "930", "9:30", "9：30", "24", "24:00"].map(timeOf)).toEqual(["09:00", "09:30", "09:30", "09:30", "24:00", "24:00"]);
    expect(["", "25", "9:60", "24:01", "nine"].map(timeOf)).toEqual([null, null, null, null, null]);
  });

  it("is said by days that are alike", () => {
    expect(grouped(WORKDAYS).map(({ from, to, spans }) => [from, to, spans.join()])).toEqual([[1, 5, "09:00–18:00"], [6, 7, ""]]);
  });

  it("copies a day over others", () => {
    const monday = [{ weekday: 1, opens: "08:00", closes: "12:00" }];
    expect(copied([...monday, { weekday: 2, opens: "10:00", closes: "11:00" }], 1, [2, 3]))
      .toEqual([1, 2, 3].map((weekday) => ({ weekday, opens: "08:00", closes: "12:00" })));
  });

  it("proposes the afternoon after a morning, and never past midnight", () => {
    expect(nextSpan([{ weekday: 1, opens: "09:00", closes: "12:00" }], 1)).toEqual({ weekday: 1, opens: "13:00", closes: "17:00" });
    expect(nextSpan([{ weekday: 1, opens: "09:00", closes: "23:30" }], 1)).toEqual({ weekday: 1, opens: "23:00", closes: "24:00" });
  });

  it("closes a run of holidays, over the end of a month", () => {
    expect(withHolidays(["2026-10-01"], "2026-09-30", "2026-10-02")).toEqual(["2026-09-30", "2026-10-01", "2026-10-02"]);
    expect(withHolidays([], "2026-10-01", "")).toEqual(["2026-10-01"]);
    expect(withHolidays([], "", "2026-10-01")).toEqual([]);
    expect(withHolidays([], "2000-01-01", "2099-01-01")).toHaveLength(400);
  });
});

describe("rules in words", () => {
  it("of a queue at its defaults", () => {
    expect(rules(names, queue())).toEqual([
      "Asked first: who has been idle longest, lower tiers before.",
      "A phone rings for 15 s; then the next agent is asked at once, and the caller keeps the place.",
      "There is no wrap-up: agents are free at once.",
      "The target is 20 s. An agent of several queues takes the contact most overdue against its queue's target.",
      "Each step of priority counts like 1 min of waiting.",
      "What a contact requires stays required, unless the flow says otherwise.",
      "Who asks to be called back keeps the place: the agent is called first, at most 3 attempts, 15 min apart, within 8 h.",
      "Always open.",
      "When 10,000 wait: the flow decides.",
      "There is no longest wait.",
      "When nobody is there, callers wait until somebody comes.",
    ]);
  });

  it("of one with everything set", () => {
    expect(rules(names, queue({
      strategy: "ring_several", ring_agents: 4, idle_since: "last_contact", wrap_up_s: 90, priority_mode: "strict",
      last_agent_wait_s: 20, relax: [{ after_s: 30, ease: 3 }, { after_s: 60, ease: 0 }],
      hours: { zone: "Asia/Shanghai", spans: WORKDAYS, closed_on: ["2026-10-01"] }, on_closed: { action: "voicemail", target: "" },
      max_wait_s: 600, on_max_wait: { action: "outside", target: "+8610" }, no_agents_after_s: 0,
      on_no_agents: { action: "queue", target: "support" }, callback_mode: "customer_first", callback_attempts: 2,
    }))).toEqual([
      "4 agents are rung at once, the longest idle; the first to answer has the contact.",
      "Idle counts from the end of the last contact, so breaks cost nobody their turn.",
      "A phone rings for 15 s; then the next agent is asked at once, and the caller keeps the place.",
      "After a contact an agent has up to 1 min 30 s for the wrap-up.",
      "The target is 20 s. An agent of several queues takes the contact most overdue against its queue's target.",
      "Higher priority comes first, however long others have waited.",
      "Who served the caller in the last 1 d is asked first, for 20 s.",
      "Where the flow does not say otherwise: after 30 s required levels are lower by 3, after 1 min no skill is required.",
      "Who asks to be called back keeps the place: the customer is called first, at most 2 attempts, 15 min apart, within 8 h.",
      "Open Mon–Fri 09:00–18:00 (Asia/Shanghai), except holidays (1). Outside of that: voicemail.",
      "When 10,000 wait: the flow decides.",
      "After 10 min of waiting: put through to +8610.",
      "When nobody is ready: on to Support, the wait counting there.",
    ]);
  });

  it("read in Chinese", () => {
    expect(rules({ ...names, t: translator("zh-CN") }, queue({ wrap_up_s: 90 }))[2]).toBe("每次联系后坐席最多有 1 分钟 30 秒做话后处理。");
  });

  it("say how long in units", () => {
    expect([0, 59, 60, 3_661, 86_400].map((seconds) => lasting(names.t, seconds))).toEqual(["0 s", "59 s", "1 min", "1 h 1 min 1 s", "1 d"]);
  });
});

describe("what a change changed", () => {
  it("is said setting by setting", () => {
    const after = queue({ ring_timeout_s: 20, strategy: "top_down", no_agents_after_s: 60, on_full: { action: "queue", target: "support" } });
    expect(differences(names, queue(), after)).toEqual([
      "Who is asked first: Longest idle → Top down",
      "Ring time: 15 s → 20 s",
      "Nobody there: never → 1 min",
      "When full: the flow decides → on to Support, the wait counting there",
    ]);
  });

  it("is said agent by agent", () => {
    const li = { ...newAgent("a1"), name: "Li", queues: ["sales"], tiers: { sales: { level: 1, position: 1 } } };
    const moved = { ...li, tiers: { sales: { level: 2, position: 1 } } };
    expect(agentDifferences(names.t, [li], [moved])).toEqual(["Li: Queues"]);
    expect(agentDifferences(names.t, [li], [{ ...li, skills: { english: 5 }, revision: 2 }])).toEqual(["Li: Skills"]);
    expect(agentDifferences(names.t, [li], [li])).toEqual([]);
  });
});

describe("many agents at once", () => {
  const a1 = { ...newAgent("a1"), name: "Li Na", extension: "1001", skills: { english: 5 }, queues: ["support"], tiers: { support: { level: 1, position: 1 } } };
  const a2 = { ...newAgent("a2"), revision: 7 };

  it("a skill for those who do not have it so", () => {
    expect(changesOf([a1, a2], { kind: "skill", name: "english", level: 5 })).toEqual([{ agent_id: "a2", revision: 7, skills: { english: 5 } }]);
    expect(changesOf([a1, a2], { kind: "skill", name: "english", level: null })).toEqual([{ agent_id: "a1", skills: { english: null } }]);
  });

  it("a queue, and out of it", () => {
    const tier = { level: 1, position: 1 };
    expect(changesOf([a1, a2], { kind: "queue", name: "support", tier }).map((change) => change.agent_id)).toEqual(["a2"]);
    expect(changesOf([a1], { kind: "queue", name: "support", tier: { ...tier, level: 2 } })).toHaveLength(1);
    expect(changesOf([a1, a2], { kind: "queue", name: "support", tier: null })).toEqual([{ agent_id: "a1", tiers: { support: null } }]);
  });

  it("are found by name, number, queue's title and skill", () => {
    const find = (text: string) => matching([a1, a2], text, names.titleOf).map((agent) => agent.agent_id);
    expect([find("li 1001"), find("SUPPORT"), find("engl"), find(""), find("nobody")]).toEqual([["a1"], ["a1"], ["a1"], ["a1", "a2"], []]);
  });

  it("a cell typed back to what it was is no change", () => {
    let levels: Levels = withLevel({}, a1, "english", 9);
    levels = withLevel(levels, a2, "billing", 3);
    levels = withLevel(levels, a1, "english", null);
    expect(changesOfLevels([a1, a2], levels)).toEqual([
      { agent_id: "a1", skills: { english: null } }, { agent_id: "a2", revision: 7, skills: { billing: 3 } },
    ]);
    expect(withLevel(withLevel(levels, a1, "english", 5), a2, "billing", null)).toEqual({});
  });

  it("take levels of 1 to 10", () => {
    expect(["", " 7 ", "10", "0", "11", "x", "1.5"].map(levelOf)).toEqual([null, 7, 10, undefined, undefined, undefined, undefined]);
  });
});
