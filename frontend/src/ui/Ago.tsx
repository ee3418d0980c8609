import { Tooltip } from "@mantine/core";
import { useEffect, useState } from "react";

import { useFormat } from "@/i18n/format";

const EVERY_MS = 10_000;

/** "3 minutes ago", kept true; the moment itself on hover and for machines. */
export function Ago({ at }: { at: string }) {
  const format = useFormat();
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <Tooltip label={format.moment(at, { dateStyle: "full", timeStyle: "medium" })}>
      <time dateTime={at}>{format.ago(at)}</time>
    </Tooltip>
  );
}
