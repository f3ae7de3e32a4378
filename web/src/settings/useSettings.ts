import { useCallback, useMemo } from "react";

import { useQueues } from "../desk/useQueues";
import { useSession } from "../session/Gate";
import type { Agent } from "../shared/types";
import { useLoad } from "../shared/useLoad";
import type { AgentChange } from "./model/bulk";
import type { AgentDocument, QueueDocument } from "./model/documents";

type Listed = Agent & { settings: AgentDocument };

export interface Settings {
  queues: QueueDocument[];
  agents: AgentDocument[];
  titleOf: (queue: string) => string;
  putQueue: (queue: QueueDocument) => Promise<QueueDocument>;
  putAgents: (agents: AgentDocument[]) => Promise<void>;
  changeAgents: (changes: AgentChange[]) => Promise<AgentDocument[]>;
  /** The documents as the gateway has them now. Raises ApiError. */
  readQueues: () => Promise<QueueDocument[]>;
  readAgents: () => Promise<AgentDocument[]>;
  reload: () => void;
}

export interface Loading {
  settings: Settings | null;
  error: unknown;
  reload: () => void;
}

/** All queues and agents with their settings, and how they are changed. */
export function useSettings(): Loading {
  const { session } = useSession();
  const { reload: reloadTitles } = useQueues();
  const readQueues = useCallback(async (signal?: AbortSignal) =>
    (await session.ask<{ queues: QueueDocument[] }>("/queues", { signal })).queues, [session]);
  const readAgents = useCallback(async (signal?: AbortSignal) =>
    (await session.ask<{ agents: Listed[] }>("/agents", { signal })).agents.map((agent) => agent.settings), [session]);
  const all = useLoad("settings", async (signal) => {
    const [queues, agents] = await Promise.all([readQueues(signal), readAgents(signal)]);
    return { queues: queues.sort(byTitle), agents: agents.sort(byName) };
  });
  const { data, error, reload } = all;
  const settings = useMemo(() => data && ({
    ...data,
    titleOf: titles(data.queues),
    putQueue: async (queue: QueueDocument) => {
      const path = `/admin/queues/${queue.name}`;
      const kept = await session.ask<QueueDocument>(path, { method: "PUT", body: queue });
      reload();
      reloadTitles();
      return kept;
    },
    putAgents: async (agents: AgentDocument[]) => {
      await session.ask("/admin/agents", { method: "PUT", body: { agents } });
      reload();
    },
    changeAgents: async (agents: AgentChange[]) => {
      const body = { agents };
      const kept = await session.ask<{ agents: AgentDocument[] }>("/admin/agents", { method: "PATCH", body });
      reload();
      return kept.agents;
    },
    readQueues: () => readQueues(),
    readAgents: () => readAgents(),
    reload,
  }), [data, session, reload, reloadTitles, readQueues, readAgents]);
  return { settings, error, reload };
}

function titles(queues: QueueDocument[]): (name: string) => string {
  const byQueue = new Map(queues.map((queue) => [queue.name, queue.title]));
  return (name) => byQueue.get(name) || name;
}

const byTitle = (a: QueueDocument, b: QueueDocument) => (a.title || a.name).localeCompare(b.title || b.name);
const byName = (a: AgentDocument, b: AgentDocument) => (a.name || a.agent_id).localeCompare(b.name || b.agent_id);
