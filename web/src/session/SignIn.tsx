import { LockOutlined, UserOutlined } from "@ant-design/icons";
import { Alert, Button, Card, Form, Input, Tag } from "antd";
import { useState } from "react";

import { problem, useSpeech } from "../i18n";
import { Preferences } from "../preferences/Preferences";
import { ApiError } from "../shared/api";
import { clock } from "../shared/time";
import type { User } from "../shared/types";
import { serverNow, useNow } from "../shared/useNow";
import type { Session } from "./session";

interface Fields {
  username: string;
  password: string;
}

interface Refused {
  error: unknown;
  /** When one may try again; null: at once. */
  until: number | null;
}

export function SignIn({ session, ended, onDone }: {
  session: Session;
  ended: boolean;
  onDone: (user: User) => void;
}) {
  const { t } = useSpeech();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const tenant = new URLSearchParams(window.location.search).get("tenant");

  const submit = async ({ username, password }: Fields) => {
    setBusy(true);
    try {
      onDone(await session.signIn(username.trim(), password, tenant));
    } catch (error) {
      const wait = error instanceof ApiError && error.code === "full" ? error.retryAfterS : null;
      setRefused({ error, until: wait ? serverNow() + wait * 1000 : null });
      setBusy(false);
    }
  };

  return (
    <main className="sign-in">
      <Card className="sign-in-card">
        <h1><img src="/icon.svg" alt="" width={36} height={36} /> {t("app.name")}</h1>
        {tenant && <p><Tag>{t("signin.tenant", { tenant })}</Tag></p>}
        <div className="sign-in-news" aria-live="polite">
          {refused ? <Refusal {...refused} />
            : ended && <Alert type="info" showIcon title={t("signin.ended")} />}
        </div>
        <Form<Fields> name="sign-in" layout="vertical" onFinish={submit} requiredMark={false} disabled={busy}>
          <Form.Item name="username" label={t("signin.username")}
            rules={[{ required: true, whitespace: true, message: t("signin.username.missing") }]}>
            <Input prefix={<UserOutlined />} autoComplete="username" autoFocus autoCapitalize="none"
              spellCheck={false} size="large" maxLength={256} />
          </Form.Item>
          <Form.Item name="password" label={t("signin.password")}
            rules={[{ required: true, message: t("signin.password.missing") }]}>
            <Input.Password prefix={<LockOutlined />} autoComplete="current-password" size="large"
              maxLength={1000} />
          </Form.Item>
          <Button type="primary" htmlType="submit" size="large" block loading={busy}>
            {t("signin.submit")}
          </Button>
        </Form>
        <div className="sign-in-preferences"><Preferences /></div>
      </Card>
    </main>
  );
}

function Refusal({ error, until }: Refused) {
  const speech = useSpeech();
  const { t } = speech;
  const now = useNow();
  if (until !== null) {
    const left = until - now;
    return left > 0
      ? <Alert type="warning" showIcon title={t("signin.throttled", { time: clock(Math.ceil(left / 1000) * 1000) })} />
      : <Alert type="info" showIcon title={t("signin.throttled.over")} />;
  }
  const code = error instanceof ApiError ? error.code : "";
  const known = { unauthenticated: "signin.wrong", denied: "signin.disabled", unreachable: "signin.away" } as const;
  const title = code in known ? t(known[code as keyof typeof known]) : problem(speech, error);
  return <Alert type="error" showIcon title={title} />;
}
