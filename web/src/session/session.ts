import { ApiError, ask, type Asking } from "../shared/api";
import { remembered } from "../shared/storage";
import type { User } from "../shared/types";

interface SignedIn {
  access_token: string;
  expires_in_s: number;
  user: User;
}

const EARLY_MS = 60_000; // a token is renewed so long before it ends
const HINT = "signed_in";

/** Who sits here. The access token lives in memory only; the refresh token is a cookie no script can read. */
export class Session {
  user: User | null = null;
  private token = "";
  private goodUntil = 0;
  private renewing: Promise<string> | null = null;
  /** Called when the sign-in is over for good. */
  onEnd: () => void = () => undefined;

  async signIn(username: string, password: string, tenant: string | null): Promise<User> {
    const who = { username, password, ...(tenant ? { tenant } : {}) };
    return this.take(await ask<SignedIn>("/session", { method: "POST", body: who }));
  }

  /** After a reload. Null: nobody was signed in here. Raises ApiError when the gateway is away. */
  async restore(): Promise<User | null> {
    // Without the hint every first visit would ask and be refused, for all to see in the console.
    if (!remembered.get(HINT)) return null;
    try {
      await this.freshToken();
      return this.user;
    } catch (problem) {
      if (problem instanceof ApiError && problem.code === "unauthenticated") return null;
      throw problem;
    }
  }

  async signOut(): Promise<void> {
    try {
      await ask("/session", { method: "DELETE", token: await this.goodToken() });
    } catch {
      // Away or over already: this page forgets it all the same.
    } finally {
      this.end();
    }
  }

  /** A token good for a while. Raises ApiError. */
  async goodToken(): Promise<string> {
    return Date.now() < this.goodUntil - EARLY_MS ? this.token : this.freshToken();
  }

  /** Renews now; one renewal for all who ask meanwhile. */
  freshToken(): Promise<string> {
    this.renewing ??= this.renew().finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  /** A request as this person. Raises ApiError. */
  async ask<T>(path: string, options: Omit<Asking, "token"> = {}): Promise<T> {
    const token = await this.goodToken();
    try {
      return await ask<T>(path, { ...options, token });
    } catch (problem) {
      if (!(problem instanceof ApiError) || problem.code !== "unauthenticated") throw problem;
      return ask<T>(path, { ...options, token: await this.freshToken() });
    }
  }

  may(permission: string): boolean {
    return this.user?.permissions.includes(permission) ?? false;
  }

  private async renew(): Promise<string> {
    const before = this.user?.user_id;
    try {
      const renewed = await ask<SignedIn>("/session/refresh", { method: "POST", body: {} });
      if (before && renewed.user.user_id !== before) {
        // Somebody else signed in in another tab: their cookie is not this person's.
        throw new ApiError("unauthenticated", "Somebody else signed in in this browser.");
      }
      this.take(renewed);
      return this.token;
    } catch (problem) {
      if (problem instanceof ApiError && problem.code === "unauthenticated") this.end();
      throw problem;
    }
  }

  private take(answer: SignedIn): User {
    this.token = answer.access_token;
    this.goodUntil = Date.now() + answer.expires_in_s * 1000;
    this.user = answer.user;
    remembered.set(HINT, "1");
    return answer.user;
  }

  /** Forgets who was signed in. */
  end(): void {
    const was = this.user;
    this.user = null;
    this.token = "";
    this.goodUntil = 0;
    remembered.set(HINT, null);
    if (was) this.onEnd();
  }
}
