import type { GatewayError } from "./types";

/** What the gateway refused, or that it could not be reached (`code` unreachable). */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    sentence: string,
    readonly field: string | null = null,
    readonly service: string | null = null,
    readonly retryAfterS: number | null = null,
  ) {
    super(sentence);
  }

  static of(error: GatewayError, retryAfterS: number | null = null): ApiError {
    return new ApiError(error.code, error.sentence, error.field, error.service, retryAfterS);
  }
}

const PATIENCE_MS = 15_000;

export interface Asking {
  method?: string;
  body?: unknown;
  token?: string | null;
  signal?: AbortSignal | undefined;
}

/** One request to the gateway. Raises ApiError, or AbortError when the caller gave up. */
export async function ask<T>(path: string, { method = "GET", body, token, signal }: Asking = {}): Promise<T> {
  const headers: Record<string, string> = {};
  if (token) headers["Authorization"] = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const patience = AbortSignal.timeout(PATIENCE_MS);
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
      credentials: "same-origin",
    });
  } catch (problem) {
    if (signal?.aborted) throw problem;
    throw new ApiError("unreachable", "The gateway cannot be reached.");
  }
  if (response.status === 204) return undefined as T;
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer as T;
  throw refusal(answer, response);
}

function refusal(answer: unknown, response: Response): ApiError {
  const error = (answer as { error?: GatewayError } | null)?.error;
  const retry = Number(response.headers.get("Retry-After"));
  const retryAfterS = Number.isFinite(retry) && retry > 0 ? retry : null;
  if (error?.code) return ApiError.of(error, retryAfterS);
  // A proxy in between answers in its own way.
  return new ApiError("unreachable", `The gateway answered with status ${response.status}.`, null, null, retryAfterS);
}

export function query(parameters: Record<string, string | number | string[] | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === "") continue;
    for (const one of Array.isArray(value) ? value : [String(value)]) search.append(name, one);
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}
