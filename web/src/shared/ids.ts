/** An id for one intention; the gateway takes letters, digits and `_.:-`, at most 64. */
export function newId(): string {
  // randomUUID exists in secure contexts only; a test centre may well be plain http on a LAN.
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
