import { expect, it } from "vitest";

import type { ListedAgent, Presence, RoutingStatus } from "../shared/types";
import { candidates } from "./candidates";

const agent = (agent_id: string, presence: Presence, routing_status: RoutingStatus, name = ""): ListedAgent => ({
  agent_id, name, presence, routing_status, extension: "", queues: [], reason: "", since: null, until: null,
  work_mode: "continuous", contacts: [],
});

it("names who could take it, those with free hands first", () => {
  const people = [
    agent("home", "offline", "idle"), agent("lunch", "other_work", "idle"), agent("talks", "ready", "connected"),
    agent("lost", "ready", "not_responding"), agent("b", "ready", "idle", "Bai"), agent("z", "ready", "idle", "An"),
  ];
  expect(candidates(people).map((one) => one.agent_id)).toEqual(["z", "b", "talks", "lunch"]);
});
