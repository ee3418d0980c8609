import { Button, Menu, Text } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { client, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Confirm } from "@/ui/Confirm";
import { Icon } from "@/ui/icons";
import { NameDialog } from "@/ui/NameDialog";

import type { Shown } from "./Dashboards";
import { useDashboardChange } from "./keeping";

const LONGEST_NAME = 100;

interface Props {
  shown: Shown;
  kept: readonly { id: number; name: string }[];
}

type Dialog = "new" | "rename" | "reset" | "remove" | null;

/** One's dashboards, and what can be done with this one. */
export function BoardMenu({ shown, kept }: Props) {
  const { t } = useWords();
  const navigate = useNavigate();
  const [dialog, setDialog] = useState<Dialog>(null);
  const close = () => setDialog(null);
  const { make, rename, reset, remove } = useChanges(shown);
  return (
    <>
      <Menu position="bottom-end" width={260} keepMounted={false}>
        <Menu.Target>
          <Button variant="default" rightSection={<Icon name="down" size={14} />}>
            {t("dashboards.menu")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {kept.length === 0 ? null : <Menu.Label>{t("dashboards.title")}</Menu.Label>}
          <Menu.RadioGroup
            value={String(shown.id)}
            onChange={(id) => void navigate({ to: "/dashboards", search: { id: Number(id) } })}
          >
            {kept.map(({ id, name }) => (
              <Menu.RadioItem key={id} value={String(id)} closeMenuOnClick>
                {name}
              </Menu.RadioItem>
            ))}
          </Menu.RadioGroup>
          <Menu.Item leftSection={<Icon name="plus" />} onClick={() => setDialog("new")}>
            {t("dashboards.new")}
          </Menu.Item>
          {shown.id === null ? null : (
            <>
              <Menu.Divider />
              <Menu.Item onClick={() => setDialog("rename")}>{t("dashboards.rename")}</Menu.Item>
              <Menu.Item onClick={() => setDialog("reset")}>{t("dashboards.reset")}</Menu.Item>
              <Menu.Item
                leftSection={<Icon name="trash" />}
                color="var(--mantine-color-error)"
                onClick={() => setDialog("remove")}
              >
                {t("dashboards.remove")}
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <NameDialog
        opened={dialog === "new"}
        title={t("dashboards.new")}
        action={t("dashboards.new.go")}
        name=""
        longest={LONGEST_NAME}
        busy={make.isPending}
        onName={(name) => make.mutate(name, { onSuccess: close })}
        onClose={close}
      />
      <NameDialog
        opened={dialog === "rename"}
        title={t("dashboards.rename")}
        action={t("action.save")}
        name={shown.name}
        longest={LONGEST_NAME}
        busy={rename.isPending}
        onName={(name) => rename.mutate(name, { onSuccess: close })}
        onClose={close}
      />
      <Confirm
        opened={dialog === "reset"}
        title={t("dashboards.reset")}
        action={t("dashboards.reset.go")}
        busy={reset.isPending}
        danger
        onConfirm={() => reset.mutate(undefined, { onSettled: close })}
        onClose={close}
      >
        <Text size="sm">{t("dashboards.reset.sure", { name: shown.name })}</Text>
      </Confirm>
      <Confirm
        opened={dialog === "remove"}
        title={t("dashboards.remove")}
        action={t("dashboards.remove.go")}
        busy={remove.isPending}
        danger
        onConfirm={() => remove.mutate(undefined, { onSettled: close })}
        onClose={close}
      >
        <Text size="sm">{t("dashboards.remove.sure", { name: shown.name })}</Text>
      </Confirm>
    </>
  );
}

function useChanges({ id, version, widgets }: Shown) {
  const params = { path: { dashboard_id: id ?? 0 } };
  const make = useDashboardChange(async (name: string) => {
    const { data } = await client.POST("/api/v1/dashboards", { body: { name } });
    return data as Schemas["Dashboard"];
  });
  const rename = useDashboardChange(async (name: string) => {
    const body = { name, widgets, version };
    const { data } = await client.PUT("/api/v1/dashboards/{dashboard_id}", { params, body });
    return data as Schemas["Dashboard"];
  });
  const reset = useDashboardChange(async () => {
    const { data } = await client.POST("/api/v1/dashboards/{dashboard_id}/reset", { params, body: { version } });
    return data as Schemas["Dashboard"];
  });
  const remove = useDashboardChange(async () => {
    await client.DELETE("/api/v1/dashboards/{dashboard_id}", { params });
    return null;
  });
  return { make, rename, reset, remove };
}
