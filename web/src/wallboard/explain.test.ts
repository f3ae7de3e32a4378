import { describe, expect, it } from "vitest";

import { translator } from "../i18n";
import type { Decision } from "../shared/types";
import { parts } from "./explain";

const decision = (fields: Partial<Decision> = {}): Decision => ({
  offer_id: "o1", at: "2026-11-22T02:43:23.000Z", queue: "sales", agent_id: "a1", seeker: "contact",
  rule: "longest_idle", idle_ms: 130_000, tier: 1, skill_score: 0, others: 0, runner_up_agent_id: null,
  qualified_busy: 0, ready_unqualified: 0, required: {}, relaxed_steps: 0, overdue_ms: -5_000, waiting_behind: 0,
  competing: 0, runner_up_queue: null, runner_up_overdue_ms: 0, outcome: null, outcome_at: null, assigned_by: null,
  ...fields,
});
const NAMES = { agent: (id: string) => ({ a2: "Wang" })[id] ?? id, queue: (name: string) => name.toUpperCase() };

function said(fields: Partial<Decision>, language: "en" | "zh-CN" = "en"): Record<string, string[]> {
  const found = parts(translator(language), decision(fields), NAMES);
  return Object.fromEntries(found.map(({ title, sentences }) => [title.replace("explain.", ""), sentences]));
}

describe("a decision", () => {
  it("of a contact that found one agent free", () => {
    expect(said({})).toEqual({
      outcome: ["Still being offered."],
      why: ["Had been free the longest: 2:10."],
      how: ["The contact came, or came back, while agents were free."],
      others: ["Nobody else was free and qualified."],
      excluded: ["Nobody was left out."],
      required: ["No skill."],
      waiting: ["Nobody waited behind it for the same."],
    });
  });

  it("of an agent who came free tells what else waited", () => {
    const agent = { seeker: "agent", overdue_ms: 12_000, competing: 3, runner_up_queue: "support" };
    expect(said({ ...agent, runner_up_overdue_ms: -3_000, waiting_behind: 4 })).toMatchObject({
      how: [
        "The agent came free while contacts waited.",
        "This one was past its queue's target by 0:12.",
        "It was the most urgent of 3 groups of waiting contacts.",
        "Next in line was SUPPORT, with 0:03 left to its target.",
      ],
      waiting: ["4 more waited for the same."],
    });
    expect(said({ ...agent, competing: 1, runner_up_queue: null }).how).toHaveLength(2);
  });

  it("tells who else could, who could not, and what was relaxed", () => {
    expect(said({
      rule: "best_skill", skill_score: 12, tier: 2, others: 2, runner_up_agent_id: "a2", qualified_busy: 3,
      ready_unqualified: 1, required: { english: 5, vip: 1 }, relaxed_steps: 1,
    })).toMatchObject({
      why: [
        "Has the best skills for it: levels of 12 in all; free for 2:10.",
        "Tier 2: nobody of a lower tier was free and qualified.",
      ],
      others: ["2 more were free and qualified.", "Next would have been Wang."],
      excluded: ["3 qualified, but busy, resting or set aside.", "1 ready, but without a required skill."],
      required: ["english at 5 or better", "vip at 1 or better", "Relaxed 1 × while waiting: more was asked at first."],
    });
  });

  it("tells what came of the offer, and after how long", () => {
    const later = { outcome_at: "2026-11-22T02:43:38.000Z" };
    expect(said({ outcome: "ring_timeout", ...later }).outcome).toEqual(["Not answered within 0:15."]);
    expect(said({ outcome: "answered", ...later }).outcome).toEqual(["Answered after 0:15."]);
    expect(said({ outcome: "rejected", ...later }, "zh-CN").outcome).toEqual(["0:15 后拒接。"]);
    expect(said({ outcome: "vanished", ...later }).outcome).toEqual(["It came to nothing: vanished."]);
  });

  it("of a team lead says whose it was", () => {
    expect(said({ rule: "assigned", assigned_by: "Wang Fang" }).why).toEqual(["Wang Fang gave them this contact."]);
  });

  it("by a rule that this page does not know yet names it", () => {
    expect(said({ rule: "coin" }).why).toEqual(["By the rule “coin”; free for 2:10."]);
  });

  it("reads in Chinese", () => {
    expect(said({ rule: "last_agent", others: 1, runner_up_agent_id: "a2", required: { english: 5 } }, "zh-CN")).toMatchObject({
      why: ["上次就是该坐席接待这位客户。"],
      others: ["另有 1 位空闲且符合要求。", "下一位本应是 Wang。"],
      required: ["english 不低于 5 级"],
    });
  });
});
