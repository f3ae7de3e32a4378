import { ApiOutlined, LoadingOutlined, WifiOutlined } from "@ant-design/icons";
import { Tooltip } from "antd";

import { useSpeech } from "../../i18n";
import { useDesk } from "../DeskProvider";

/** Whether the page hears the gateway now. */
export function ConnectionMark() {
  const { t } = useSpeech();
  const { link } = useDesk();
  const text = t(`connection.${link.status}`);
  const icon = link.status === "open" ? <WifiOutlined />
    : link.status === "connecting" || link.status === "reconnecting" ? <LoadingOutlined /> : <ApiOutlined />;
  return (
    <Tooltip title={text}>
      <span className={`connection connection-${link.status}`} role="status" tabIndex={0} aria-label={text}>{icon}</span>
    </Tooltip>
  );
}
