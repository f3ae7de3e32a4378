import { createContext, useContext, useMemo, useState, type ReactNode } from "react";

import { useSession } from "../session/Gate";
import type { Queue } from "../shared/types";
import { useLoad } from "../shared/useLoad";
import { useDesk } from "./DeskProvider";

interface Queues {
  queues: Queue[];
  find: (name: string) => Queue | undefined;
  titleOf: (name: string) => string;
  reload: () => void;
}

const QueuesContext = createContext<Queues>({ queues: [], find: () => undefined, titleOf: (name) => name, reload: () => undefined });
export const useQueues = () => useContext(QueuesContext);

/** The queues' titles and times; asked again when the connection or the ACD has come back. */
export function QueuesProvider({ children }: { children: ReactNode }) {
  const { session } = useSession();
  const { desk, link } = useDesk();
  const there = session.may("queues.read") && link.status === "open" && !desk.missing.includes("acd");
  const { data, reload } = useLoad(there ? "queues" : null, (signal) =>
    session.ask<{ queues: Queue[] }>("/queues", { signal }));
  // Titles do not change because the ACD is away.
  const [known, setKnown] = useState<Queue[]>([]);
  if (data && data.queues !== known) setKnown(data.queues);
  const value = useMemo(() => {
    const byName = new Map(known.map((queue) => [queue.name, queue]));
    return {
      queues: known,
      find: (name: string) => byName.get(name),
      titleOf: (name: string) => byName.get(name)?.title || name,
      reload,
    };
  }, [known, reload]);
  return <QueuesContext value={value}>{children}</QueuesContext>;
}
