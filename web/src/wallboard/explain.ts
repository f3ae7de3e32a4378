// A decision of the call distribution in words that an operations manager understands. Pure: tested without a browser.
import { word, type Key, type Translate } from "../i18n";
import { en } from "../i18n/en";
import { clock, parsed } from "../shared/time";
import type { Decision } from "../shared/types";

export interface Names {
  agent: (agentId: string) => string;
  queue: (name: string) => string;
}

export interface Part {
  title: Key;
  sentences: string[];
}

/** What came of it, why this agent, who else could and who could not, and what was asked. */
export function parts(t: Translate, decision: Decision, names: Names): Part[] {
  return [
    { title: "explain.outcome", sentences: [outcome(t, decision)] },
    { title: "explain.why", sentences: why(t, decision) },
    { title: "explain.how", sentences: how(t, decision, names) },
    { title: "explain.others", sentences: others(t, decision, names) },
    { title: "explain.excluded", sentences: excluded(t, decision) },
    { title: "explain.required", sentences: required(t, decision) },
    { title: "explain.waiting", sentences: [behind(t, decision)] },
  ];
}

function outcome(t: Translate, { at, outcome, outcome_at }: Decision): string {
  if (outcome === null) return t("explain.came.open");
  const known = `explain.came.${outcome}`;
  const took = Math.max((parsed(outcome_at) ?? 0) - (parsed(at) ?? 0), 0);
  return t(known in en ? (known as Key) : "explain.came.other", { time: clock(took), outcome });
}

function why(t: Translate, decision: Decision): string[] {
  const { rule, tier } = decision;
  const values = { idle: clock(decision.idle_ms), score: decision.skill_score, rule, by: decision.assigned_by ?? "" };
  const known = `explain.rule.${rule}`;
  const reason = t(known in en ? (known as Key) : "explain.rule.other", values);
  return tier > 1 ? [reason, t("explain.tier", { tier })] : [reason];
}

function how(t: Translate, decision: Decision, names: Names): string[] {
  const { competing, runner_up_queue: next } = decision;
  const came = word(t, "explain.seeker", decision.seeker);
  if (decision.seeker !== "agent") return [came];
  const urgency = against(t, "explain.overdue", "explain.early", decision.overdue_ms, "");
  if (competing < 2) return [came, urgency];
  const most = t("explain.competing", { count: competing });
  if (next === null) return [came, urgency, most];
  const before = against(
    t, "explain.before.overdue", "explain.before.early", decision.runner_up_overdue_ms, names.queue(next),
  );
  return [came, urgency, most, before];
}

/** Past the target or with time left to it: the same figure, told by its sign. */
function against(t: Translate, late: Key, early: Key, overdueMs: number, queue: string): string {
  return t(overdueMs >= 0 ? late : early, { time: clock(Math.abs(overdueMs)), queue });
}

function others(t: Translate, decision: Decision, names: Names): string[] {
  if (decision.others === 0) return [t("explain.others.none")];
  const count = t("explain.others.some", { count: decision.others });
  const next = decision.runner_up_agent_id;
  return next === null ? [count] : [count, t("explain.next", { agent: names.agent(next) })];
}

function excluded(t: Translate, decision: Decision): string[] {
  const { qualified_busy: busy, ready_unqualified: unqualified } = decision;
  const said = [
    ...(busy > 0 ? [t("explain.busy", { count: busy })] : []),
    ...(unqualified > 0 ? [t("explain.unqualified", { count: unqualified })] : []),
  ];
  return said.length > 0 ? said : [t("explain.excluded.none")];
}

function required(t: Translate, decision: Decision): string[] {
  const skills = Object.entries(decision.required).map(([skill, level]) => t("explain.required.skill", { skill, level }));
  const relaxed = decision.relaxed_steps > 0 ? [t("explain.relaxed", { count: decision.relaxed_steps })] : [];
  return [...(skills.length > 0 ? skills : [t("explain.required.none")]), ...relaxed];
}

function behind(t: Translate, { waiting_behind: count }: Decision): string {
  return count > 0 ? t("explain.behind.some", { count }) : t("explain.behind.none");
}
