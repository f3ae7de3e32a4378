// One line of a customer's history in the person's own language, from the event the entry was made of.
import { word, type Translate } from "../i18n";
import { clock } from "../shared/time";
import type { Disposition, TimelineEntry } from "../shared/types";

export interface Line {
  title: string;
  details: string[];
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const number = (value: unknown): number => Number(value) || 0;
const list = (value: unknown): Record<string, unknown>[] =>
  (Array.isArray(value) ? value.filter((one) => typeof one === "object" && one !== null) : []);

export function lineOf(t: Translate, language: string, dispositions: Disposition[], entry: TimelineEntry): Line {
  if (entry.kind === "contact") return contactLine(t, language, dispositions, entry);
  if (entry.kind === "work_order") return orderLine(t, entry);
  if (entry.kind === "voicemail") return { title: t("timeline.voicemail"), details: [clock(number(entry.data["lengthMs"]))] };
  return { title: word(t, "timeline", entry.kind) || t("timeline.other"), details: [entry.title].filter(Boolean) };
}

function contactLine(t: Translate, language: string, dispositions: Disposition[], { data, title }: TimelineEntry): Line {
  const outcome = text(data["outcome"]).replace(/^OUTCOME_/, "").toLowerCase();
  const known = outcome ? word(t, "timeline.contact", outcome) : "";
  const talk = number(data["talkMs"]);
  const waited = number(data["waitedMs"]);
  const details = [
    talk > 0 ? t("timeline.talk", { time: clock(talk) }) : waited > 0 ? t("timeline.waited", { time: clock(waited) }) : "",
    text(data["agentId"]) ? t("timeline.agent", { agent: text(data["agentId"]) }) : "",
  ];
  for (const wrap of list(data["wrapUps"])) {
    const code = text(wrap["disposition"]);
    const named = dispositions.find((one) => one.code === code);
    details.push((language === "en" ? named?.en : named?.zh) ?? code, text(wrap["notes"]));
  }
  for (const survey of list(data["surveys"])) {
    details.push(t("timeline.score", { score: number(survey["score"]), highest: number(survey["highest"]) }));
  }
  return { title: known || t("timeline.contact"), details: (known ? details : [title]).filter(Boolean) };
}

function orderLine(t: Translate, { data, title }: TimelineEntry): Line {
  const order = text(data["number"]);
  if (!order) return { title: t("timeline.work_order"), details: [title].filter(Boolean) };
  const state = text(data["toState"]);
  const details = state
    ? [word(t, "order.action", text(data["action"])), word(t, "order.state", state)]
    : [t("timeline.created"), word(t, "order.type", text(data["type"])), text(data["title"])];
  return { title: `${t("timeline.work_order")} ${order}`, details: details.filter(Boolean) };
}
