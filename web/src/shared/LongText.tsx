import { Tooltip } from "antd";
import { useCallback, useState } from "react";

/** One line, cut with an ellipsis where it does not fit; the whole in a tooltip then. Also reached by keyboard. */
export function LongText({ text, className = "" }: { text: string; className?: string }) {
  const [cut, setCut] = useState(false);
  const measure = useCallback((event: { currentTarget: HTMLElement }) => {
    setCut(event.currentTarget.scrollWidth > event.currentTarget.clientWidth);
  }, []);
  return (
    <Tooltip title={cut ? <bdi>{text}</bdi> : ""}>
      <bdi className={`long-text ${className}`} onMouseEnter={measure} onFocus={measure}>{text}</bdi>
    </Tooltip>
  );
}
