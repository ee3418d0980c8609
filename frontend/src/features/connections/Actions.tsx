import { Button, Group, Menu } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useRef, useState } from "react";

import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { useMay } from "@/ui/role";
import { useFocusKept } from "@/ui/useFocusKept";

import { useAction } from "./useAction";
import { Disconnect } from "./Disconnect";
import { Reconnect } from "./Reconnect";
import type { Connection } from "./rows";

/** In which states the shop answers to us. */
const CONNECTED = ["review", "active", "paused"];

/** What can be done with a shop, as far as its state and one's role allow. */
export function Actions({ connection }: { connection: Connection }) {
  const { t } = useWords();
  const [mayWork, mayRun] = [useMay("staff"), useMay("admin")];
  const action = useAction(connection.id);
  const [reconnecting, reconnect] = useDisclosure(false);
  const [leaving, leave] = useDisclosure(false);
  const { state } = connection;
  const more = useRef<HTMLButtonElement>(null);
  const buttons = useRef<HTMLDivElement>(null);
  const first = () => buttons.current?.querySelector("button");
  useFocusKept(state, first);
  /** How often a dialog was closed, which the menu's entry that opened it does not outlive. */
  const [closed, setClosed] = useState(0);
  useFocusKept(closed, () => more.current ?? first());
  const onClosed = () => setClosed(closed + 1);
  if (!mayWork || state === "sample" || state === "connecting") {
    return null;
  }
  const isConnected = CONNECTED.includes(state);
  const needsConnecting = state === "needs_auth" || state === "disconnected";
  const loading = (name: typeof action.variables) => action.isPending && action.variables === name;
  return (
    <Group gap="xs" ref={buttons}>
      {state === "active" ? (
        <Button
          variant="default"
          leftSection={<Icon name="pause" />}
          loading={loading("pause")}
          onClick={() => action.mutate("pause")}
        >
          {t("connection.do.pause")}
        </Button>
      ) : null}
      {state === "paused" ? (
        <Button leftSection={<Icon name="play" />} loading={loading("resume")} onClick={() => action.mutate("resume")}>
          {t("connection.do.resume")}
        </Button>
      ) : null}
      {needsConnecting && mayRun ? (
        <Button leftSection={<Icon name="plug" />} onClick={reconnect.open}>
          {t("connection.do.reconnect")}
        </Button>
      ) : null}
      {isConnected || (mayRun && state !== "disconnected") ? (
        <Menu position="bottom-end" width={280} keepMounted={false} transitionProps={{ duration: 0 }}>
          <Menu.Target>
            <Button ref={more} variant="default" rightSection={<Icon name="more" />} loading={action.isPending && loading("sync")}>
              {t("connection.do.more")}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {isConnected ? (
              <>
                {state === "active" ? (
                  <Menu.Item onClick={() => action.mutate("sync")}>{t("connection.do.sync")}</Menu.Item>
                ) : null}
                <Menu.Item onClick={() => action.mutate("catalog")}>{t("connection.do.catalog")}</Menu.Item>
                <Menu.Item onClick={() => action.mutate("webhooks")}>{t("connection.do.webhooks")}</Menu.Item>
              </>
            ) : null}
            {mayRun ? (
              <>
                {isConnected ? <Menu.Divider /> : null}
                {isConnected ? (
                  <Menu.Item onClick={reconnect.open}>{t("connection.do.reconnect")}</Menu.Item>
                ) : null}
                <Menu.Item c="var(--mantine-color-error)" onClick={leave.open}>
                  {t("connection.do.disconnect")}
                </Menu.Item>
              </>
            ) : null}
          </Menu.Dropdown>
        </Menu>
      ) : null}
      <Reconnect connection={connection} opened={reconnecting} onClose={reconnect.close} onClosed={onClosed} />
      <Disconnect connection={connection} opened={leaving} onClose={leave.close} onClosed={onClosed} />
    </Group>
  );
}
