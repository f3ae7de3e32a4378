import { word, type Translate } from "../i18n";
import type { Agent, Presence } from "../shared/types";

export const REASONS = ["break", "meal", "training", "meeting", "back_office"] as const;
export const LOST = "connection_lost"; // the reason the gateway sets when a desk was not seen for long

export function presenceText(t: Translate, presence: Presence, reason: string): string {
  if (presence === "other_work" && reason) return word(t, "presence", reason);
  return t(`presence.${presence}`);
}

export type Tone = "ready" | "busy" | "away" | "off" | "alarm";

/** What an agent is now, in one word and one colour. */
export function present(t: Translate, agent: Agent): { text: string; tone: Tone } {
  if (agent.routing_status === "not_responding") return { text: t("routing.not_responding"), tone: "alarm" };
  if (agent.routing_status !== "idle") return { text: t(`routing.${agent.routing_status}`), tone: "busy" };
  const tone = ({ ready: "ready", other_work: "away", offline: "off" } as const)[agent.presence];
  return { text: presenceText(t, agent.presence, agent.reason), tone };
}
