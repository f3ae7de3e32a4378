// Many agents changed at once: what a PATCH has to say about each. Pure: tested without a browser.
import type { AgentDocument, Tier } from "./documents";

/** A merge patch of one agent: objects are merged, null takes away. */
export interface AgentChange {
  agent_id: string;
  revision?: number;
  tiers?: Record<string, Tier | null>;
  skills?: Record<string, number | null>;
}

export type Bulk =
  | { kind: "queue"; name: string; tier: Tier | null }
  | { kind: "skill"; name: string; level: number | null };

/** The changes that this makes to these agents; who is so already is left out. */
export function changesOf(agents: AgentDocument[], bulk: Bulk): AgentChange[] {
  return agents.filter((agent) => !isSo(agent, bulk)).map((agent) => ({
    ...named(agent),
    ...(bulk.kind === "queue" ? { tiers: { [bulk.name]: bulk.tier } } : { skills: { [bulk.name]: bulk.level } }),
  }));
}

function isSo(agent: AgentDocument, bulk: Bulk): boolean {
  if (bulk.kind === "skill") return (agent.skills[bulk.name] ?? null) === bulk.level;
  const tier = agent.tiers[bulk.name];
  if (bulk.tier === null || tier === undefined) return bulk.tier === null && tier === undefined;
  return tier.level === bulk.tier.level && tier.position === bulk.tier.position;
}

function named(agent: AgentDocument): AgentChange {
  return { agent_id: agent.agent_id, ...(agent.revision === undefined ? {} : { revision: agent.revision }) };
}

/** Levels typed into the matrix, by agent and skill; null: taken away. */
export type Levels = Record<string, Record<string, number | null>>;

/** `levels` with one more cell; back to what is kept, it is no change any more. */
export function withLevel(levels: Levels, agent: AgentDocument, skill: string, level: number | null): Levels {
  const row = { ...levels[agent.agent_id], [skill]: level };
  if ((agent.skills[skill] ?? null) === level) delete row[skill];
  const { [agent.agent_id]: _, ...others } = levels;
  return Object.keys(row).length > 0 ? { ...others, [agent.agent_id]: row } : others;
}

export function changesOfLevels(agents: AgentDocument[], levels: Levels): AgentChange[] {
  return agents.filter((agent) => levels[agent.agent_id])
    .map((agent) => ({ ...named(agent), skills: levels[agent.agent_id] ?? {} }));
}

/** `1` to `10`, or nothing; undefined: neither. */
export function levelOf(text: string): number | null | undefined {
  if (text.trim() === "") return null;
  return /^([1-9]|10)$/.test(text.trim()) ? Number(text) : undefined;
}

/** All skills that anybody has, by name. */
export function skillsOf(agents: AgentDocument[]): string[] {
  return [...new Set(agents.flatMap((agent) => Object.keys(agent.skills)))].sort();
}

/** Whose name, id, extension, queue or skill holds every word of the search. */
export function matching(agents: AgentDocument[], text: string, titleOf: (queue: string) => string): AgentDocument[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return agents.filter((agent) => {
    const all = [agent.name, agent.agent_id, agent.extension, ...agent.queues, ...agent.queues.map(titleOf), ...Object.keys(agent.skills)];
    const hay = all.join(" ").toLowerCase();
    return words.every((word) => hay.includes(word));
  });
}
