import { App } from "antd";
import { useCallback } from "react";

import { useSpeech } from "../i18n";
import { anythingUnsaved } from "../shared/unsaved";

/** Goes elsewhere in the page; asks first when something is not saved. */
export function useLeave(): (go: () => void) => void {
  const { t } = useSpeech();
  const { modal } = App.useApp();
  return useCallback((go) => {
    if (!anythingUnsaved()) return go();
    modal.confirm({
      title: t("leave.title"), content: t("leave.help"), okText: t("leave.ok"), cancelText: t("leave.stay"),
      okButtonProps: { danger: true }, onOk: go,
    });
  }, [modal, t]);
}
