import type { ListedAgent } from "../shared/types";

/** To whom a waiting contact can be given: who is signed in and answers, those with free hands first. */
export function candidates(people: ListedAgent[]): ListedAgent[] {
  return people
    .filter((agent) => agent.presence !== "offline" && agent.routing_status !== "not_responding")
    .sort((a, b) => rank(a) - rank(b) || (a.name || a.agent_id).localeCompare(b.name || b.agent_id));
}

function rank(agent: ListedAgent): number {
  if (agent.presence !== "ready") return 2; // on a break: it would wait for them to come back
  return agent.routing_status === "idle" ? 0 : 1;
}
