import { createContext, useContext } from "react";

import type { QueueDocument } from "../model/documents";
import type { Refused } from "../model/fields";
import type { Names } from "../model/words";

export interface Editing {
  base: QueueDocument;
  draft: QueueDocument;
  set: (part: Partial<QueueDocument>) => void;
  refused: Refused | null;
  names: Names;
  /** The other queues, to overflow to. */
  others: QueueDocument[];
}

export const EditingContext = createContext<Editing | null>(null);

/** The queue whose form this is part of. */
export function useEditing(): Editing {
  const found = useContext(EditingContext);
  if (found === null) throw new Error("a queue's field outside of its form");
  return found;
}
