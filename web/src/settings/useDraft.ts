import { useState } from "react";

import { useUnsaved } from "../shared/unsaved";
import { changed, rebased } from "./model/documents";

export interface Draft<T> {
  /** As it was read. */
  base: T;
  /** As it stands in the form. */
  draft: T;
  dirty: boolean;
  set: (part: Partial<T>) => void;
  /** Starts again from this document. */
  reset: (document: T) => void;
  /** What somebody else made of it, with this person's changes on top. */
  rebase: (theirs: T) => void;
}

/** A document being changed. News of it is taken over while nothing has been changed here. */
export function useDraft<T extends object>(document: T): Draft<T> {
  const [base, setBase] = useState(document);
  const [draft, setDraft] = useState(document);
  const [seen, setSeen] = useState(document);
  const dirty = changed(base, draft).length > 0;
  useUnsaved(dirty);
  const reset = (fresh: T) => {
    setBase(fresh);
    setDraft(fresh);
  };
  if (document !== seen) {
    setSeen(document);
    if (!dirty) reset(document);
  }
  return {
    base, draft, dirty, reset,
    set: (part) => setDraft((old) => ({ ...old, ...part })),
    rebase: (theirs) => {
      setDraft(rebased(base, draft, theirs));
      setBase(theirs);
    },
  };
}
