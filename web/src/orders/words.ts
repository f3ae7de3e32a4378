export const TYPES = ["acceptance", "suggestion", "consultation", "fault", "complaint", "marketing"] as const;
export const URGENCIES = ["normal", "urgent", "very_urgent"] as const;
export const OPEN_STATES = ["new", "dispatched", "answered", "replied", "visited"];

/** The colour of a state or urgency; it repeats what the word says, never replaces it. */
export const STATE_COLOURS: Record<string, string> = {
  new: "blue", dispatched: "geekblue", answered: "purple", replied: "cyan", visited: "green", closed: "default",
  void: "default",
};
export const URGENCY_COLOURS: Record<string, string> = { urgent: "orange", very_urgent: "red" };

/** Actions that need a department or a note; the service has the last word. */
export const NEEDS_DEPARTMENT = new Set(["dispatch", "redispatch"]);
export const NEEDS_NOTE = new Set(["answer", "reply", "void", "reopen"]);
