import {
  BellOutlined, FileTextOutlined, LogoutOutlined, MutedOutlined, TeamOutlined, UserOutlined,
} from "@ant-design/icons";
import { App, Button, Segmented, Tooltip } from "antd";

import { useSpeech } from "../../i18n";
import { Preferences } from "../../preferences/Preferences";
import { useSession } from "../../session/Gate";
import { useLeave } from "../../session/useLeave";
import { PhoneMark } from "../../phone/PhoneMark";
import { LongText } from "../../shared/LongText";
import { setSound, useSound } from "../call/useRinging";
import { hasDesk, hasSocket, useDesk } from "../DeskProvider";
import { phase } from "../state";
import { ConnectionMark } from "./ConnectionMark";
import { PresenceSwitch } from "./PresenceSwitch";

export type View = "desk" | "board" | "settings";

const VIEWS = { desk: "board.desk", board: "board.title", settings: "settings.title" } as const;

export function Header({ view, views, onView, onCustomers, onOrders }: {
  view: View;
  views: View[];
  onView: (view: View) => void;
  onCustomers: () => void;
  onOrders: () => void;
}) {
  const { t } = useSpeech();
  const { session, user } = useSession();
  return (
    <header className="header">
      <img src="/icon.svg" alt={t("app.name")} width={28} height={28} className="logo" />
      <Me />
      {hasDesk(user) && <PresenceSwitch />}
      {views.length > 1 && (
        <Segmented<View> value={view} onChange={onView} options={views.map((value) => ({ value, label: t(VIEWS[value]) }))} />
      )}
      <span className="header-gap" />
      <nav className="header-tools">
        {session.may("customers.read") && (
          <Tooltip title={t("customers.title")}>
            <Button type="text" icon={<TeamOutlined />} aria-label={t("customers.title")} onClick={onCustomers}>
              <span className="wide-only">{t("customers.title")}</span>
            </Button>
          </Tooltip>
        )}
        {session.may("work_orders.read") && (
          <Tooltip title={t("orders.title")}>
            <Button type="text" icon={<FileTextOutlined />} aria-label={t("orders.title")} onClick={onOrders}>
              <span className="wide-only">{t("orders.title")}</span>
            </Button>
          </Tooltip>
        )}
        {hasDesk(user) && <PhoneMark />}
        {hasDesk(user) && <SoundSwitch />}
        <Preferences />
        {hasSocket(user) && <ConnectionMark />}
        <SignOut />
      </nav>
    </header>
  );
}

function Me() {
  const { t } = useSpeech();
  const { user } = useSession();
  const { desk } = useDesk();
  const extension = desk.agent?.extension || user.extension;
  return (
    <div className="me">
      <span className="me-name"><UserOutlined aria-hidden /> <LongText text={desk.agent?.name || user.name || user.username} /></span>
      {hasDesk(user) && (
        <span className="secondary">{extension ? t("extension", { extension }) : t("extension.none")}</span>
      )}
    </div>
  );
}

function SoundSwitch() {
  const { t } = useSpeech();
  const on = useSound();
  const text = t(on ? "sound.on" : "sound.off");
  return (
    <Tooltip title={text}>
      <Button type="text" icon={on ? <BellOutlined /> : <MutedOutlined />} aria-label={text} aria-pressed={on}
        onClick={() => setSound(!on)} />
    </Tooltip>
  );
}

function SignOut() {
  const { t } = useSpeech();
  const { session } = useSession();
  const { desk } = useDesk();
  const { modal } = App.useApp();
  const leaveUnsaved = useLeave();
  const leave = () => {
    const now = phase(desk);
    if (now !== "talking" && now !== "ringing") return leaveUnsaved(() => void session.signOut());
    modal.confirm({
      title: t("signout.incall"), okText: t("signout"), cancelText: t("app.cancel"), okButtonProps: { danger: true },
      onOk: () => session.signOut(),
    });
  };
  return (
    <Tooltip title={t("signout")}>
      <Button type="text" icon={<LogoutOutlined />} aria-label={t("signout")} onClick={leave} />
    </Tooltip>
  );
}
