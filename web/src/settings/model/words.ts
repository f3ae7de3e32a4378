// A queue's rules in words, as docs/routing.md says them, and what a change changed. Pure: tested without a browser.
import { word, type Key, type Translate } from "../../i18n";
import type { AgentDocument, OpeningHours, Overflow, QueueDocument, RelaxStep } from "./documents";
import { changed } from "./documents";
import { SECTION_OF, type QueueField } from "./fields";
import { grouped } from "./hours";

export interface Names {
  t: Translate;
  titleOf: (queue: string) => string;
}

const UNITS: [size: number, key: Key][] = [
  [86_400, "lasting.d"], [3_600, "lasting.h"], [60, "lasting.min"], [1, "lasting.s"],
];

/** 90: `1 min 30 s`. */
export function lasting(t: Translate, seconds: number): string {
  if (seconds === 0) return t("lasting.s", { count: 0 });
  const parts: string[] = [];
  let left = seconds;
  for (const [size, key] of UNITS) {
    const count = Math.floor(left / size);
    if (count > 0) parts.push(t(key, { count }));
    left -= count * size;
  }
  return parts.join(" ");
}

export function overflowWords({ t, titleOf }: Names, { action, target }: Overflow): string {
  return t(`overflow.${action}.said`, { target: action === "queue" ? titleOf(target) : target });
}

export function hoursWords(t: Translate, hours: OpeningHours | null): string {
  if (hours === null) return t("rule.hours.always");
  const days = grouped(hours.spans).filter((each) => each.spans.length > 0).map(({ from, to, spans }) => {
    const day = from === to ? t(`weekday.${from}` as Key) : t("weekday.range", { from: t(`weekday.${from}` as Key), to: t(`weekday.${to}` as Key) });
    return `${day} ${spans.join(", ")}`;
  });
  const week = t("rule.hours.week", { days: days.join("; "), zone: hours.zone });
  return hours.closed_on.length > 0 ? week + t("rule.hours.holidays", { count: hours.closed_on.length }) : week;
}

export function relaxWords(t: Translate, steps: RelaxStep[]): string {
  if (steps.length === 0) return t("rule.relax.never");
  const said = steps.map(({ after_s, ease }) =>
    t(ease === 0 ? "rule.relax.all" : "rule.relax.step", { after: lasting(t, after_s), ease }));
  return t("rule.relax", { steps: said.join(t("list.separator")) });
}

/** What holds for who waits in the queue, sentence by sentence. */
export function rules(names: Names, queue: QueueDocument): string[] {
  return [...agentRules(names, queue), ...orderRules(names, queue), ...leavingRules(names, queue)];
}

function agentRules({ t }: Names, queue: QueueDocument): string[] {
  const idle = queue.idle_since === "last_contact" ? [t("rule.idle.last_contact")] : [];
  const wrapUp = queue.wrap_up_s > 0 ? t("rule.wrap_up", { time: lasting(t, queue.wrap_up_s) }) : t("rule.wrap_up.none");
  const recording = queue.recording === "from_answer" ? [t("rule.recording.from_answer")] : [];
  return [
    t(`rule.strategy.${queue.strategy}`, { count: queue.ring_agents }), ...idle,
    t("rule.ring", { time: lasting(t, queue.ring_timeout_s) }), wrapUp, ...recording,
  ];
}

function orderRules({ t }: Names, queue: QueueDocument): string[] {
  const lastAgent = queue.last_agent_wait_s > 0
    ? [t("rule.last_agent", { memory: lasting(t, queue.last_agent_memory_s), wait: lasting(t, queue.last_agent_wait_s) })] : [];
  return [
    t("rule.target", { time: lasting(t, queue.service_level_s) }),
    t(`rule.priority.${queue.priority_mode}`, { time: lasting(t, queue.priority_step_s) }),
    ...lastAgent,
    relaxWords(t, queue.relax),
    t("rule.callback", {
      mode: t(`rule.callback.${queue.callback_mode}`), attempts: queue.callback_attempts,
      retry: lasting(t, queue.callback_retry_s), window: lasting(t, queue.callback_window_s),
    }),
  ];
}

function leavingRules(names: Names, queue: QueueDocument): string[] {
  const { t } = names;
  const to = (overflow: Overflow) => overflowWords(names, overflow);
  const after = queue.no_agents_after_s;
  return [
    hoursWords(t, queue.hours) + (queue.hours === null ? "" : t("rule.closed", { what: to(queue.on_closed) })),
    t("rule.full", { count: queue.max_length.toLocaleString("en"), what: to(queue.on_full) }),
    queue.max_wait_s > 0
      ? t("rule.max_wait", { time: lasting(t, queue.max_wait_s), what: to(queue.on_max_wait) }) : t("rule.max_wait.none"),
    after === null ? t("rule.no_agents.wait") : nobodyThere(t, after, to(queue.on_no_agents)),
  ];
}

function nobodyThere(t: Translate, after: number, what: string): string {
  return after === 0 ? t("rule.no_agents.at_once", { what }) : t("rule.no_agents", { time: lasting(t, after), what });
}

// ---- what a change changed

/** One setting as a person reads it. */
function said(names: Names, queue: QueueDocument, field: QueueField): string {
  const { t } = names;
  const value = queue[field];
  if (field === "hours") return hoursWords(t, queue.hours);
  if (field === "relax") return relaxWords(t, queue.relax);
  if (field === "strategy" || field === "priority_mode" || field === "idle_since" || field === "recording") return word(t, `queue.${field}`, queue[field]);
  if (field === "no_agents_after_s") return value === null ? t("queue.never") : lasting(t, Number(value));
  if (typeof value === "number") return field.endsWith("_s") ? lasting(t, value) : value.toLocaleString("en");
  if (typeof value === "object" && value !== null) return overflowWords(names, value as Overflow);
  return String(value) || t("app.none");
}

/** `Ring time: 15 s → 20 s`, for each setting that differs. */
export function differences(names: Names, before: QueueDocument, after: QueueDocument): string[] {
  const fields = changed(before, after).filter((key) => key in SECTION_OF) as QueueField[];
  return fields.map((field) => names.t("saved.change", {
    what: names.t(`queue.${field}`), from: said(names, before, field), to: said(names, after, field),
  }));
}

/** `Li Na: skills, queues`, by agent, for who differs. */
export function agentDifferences(t: Translate, before: AgentDocument[], after: AgentDocument[]): string[] {
  const old = new Map(before.map((agent) => [agent.agent_id, agent]));
  return after.flatMap((agent) => {
    const former = old.get(agent.agent_id);
    const fields = former ? changed(former, agent).filter((field) => field !== "tiers") : [];
    const places = former && fields.length === 0 && changed(former, agent).length > 0;
    if (former && fields.length === 0 && !places) return [];
    const what = former ? [...fields, ...(places ? ["queues"] : [])].map((field) => word(t, "agent", String(field))) : [t("saved.new")];
    return [t("saved.agent", { agent: agent.name || agent.agent_id, what: what.join(t("list.separator")) })];
  });
}
