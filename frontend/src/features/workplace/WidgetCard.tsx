import { ActionIcon, Box, Card, Group, Menu, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

import { useWords } from "@/i18n/words";
import { Icon, type IconName } from "@/ui/icons";

import { type Change, hasSpan, type Placed, type Widget } from "./arrange";
import classes from "./Grid.module.css";
import { useSpanWords, useTitle } from "./titles";

const SPANS = [7, 30, 90, 365] as const;
const ICONS: Record<Change, IconName> = {
  left: "left",
  right: "right",
  up: "up",
  down: "down",
  wider: "wider",
  narrower: "wider",
  taller: "taller",
  shorter: "taller",
};

interface Props {
  widget: Placed;
  isArranging: boolean;
  /** What can be done to it where it lies. */
  changes: readonly Change[];
  draw: (widget: Widget, label: string) => ReactNode;
  onChange: (change: Change) => void;
  onDays: (days: number) => void;
  onRemove: () => void;
}

/** A widget: what it is called, what it shows and, while arranging, a handle and a menu that does the same. */
export function WidgetCard({ widget, isArranging, draw, ...menu }: Props) {
  const titleOf = useTitle();
  const spanOf = useSpanWords();
  const title = titleOf(widget);
  const span = spanOf(widget);
  return (
    <Card withBorder padding="md" component="article" aria-label={title} className={classes["card"] ?? ""}>
      <Group justify="space-between" wrap="nowrap" gap="xs" mb={6}>
        <Group
          gap={8}
          align="center"
          wrap="nowrap"
          style={{ flex: 1, minWidth: 0 }}
          {...(isArranging ? { "data-handle": true, className: classes["handle"] ?? "" } : {})}
        >
          {isArranging ? (
            <Text span c="dimmed" lh={0}>
              <Icon name="grip" />
            </Text>
          ) : null}
          <Title order={2} size="h6" lineClamp={1}>
            {title}
          </Title>
          {span === null ? null : (
            <Text size="xs" c="dimmed" style={{ flexShrink: 0 }}>
              {span}
            </Text>
          )}
        </Group>
        {isArranging ? <WidgetMenu widget={widget} title={title} {...menu} /> : null}
      </Group>
      <Box className={classes["content"]}>{draw(widget, title)}</Box>
    </Card>
  );
}

type MenuProps = Omit<Props, "draw" | "isArranging"> & { title: string };

/** All that dragging does, without dragging; stays open, so that a step can be taken again. */
function WidgetMenu({ widget, title, changes, onChange, onDays, onRemove }: MenuProps) {
  const { t } = useWords();
  return (
    <Menu position="bottom-end" width={230} closeOnItemClick={false}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("arrange.menu", { name: title })}>
          <Icon name="more" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown mah="60vh" style={{ overflowY: "auto" }}>
        <Menu.Label>{t(changes.includes("wider") ? "arrange.place" : "arrange.order")}</Menu.Label>
        {changes.map((change) => (
          <Menu.Item key={change} leftSection={<Icon name={ICONS[change]} />} onClick={() => onChange(change)}>
            {t(`arrange.${change}`)}
          </Menu.Item>
        ))}
        {hasSpan(widget.kind) ? (
          <>
            <Menu.Label>{t("arrange.span")}</Menu.Label>
            <Menu.RadioGroup value={String(widget.options.days ?? 30)} onChange={(days) => onDays(Number(days))}>
              {SPANS.map((days) => (
                <Menu.RadioItem key={days} value={String(days)}>
                  {t("widget.days", { count: days })}
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
          </>
        ) : null}
        <Menu.Divider />
        <Menu.Item
          leftSection={<Icon name="trash" />}
          color="var(--mantine-color-error)"
          closeMenuOnClick
          onClick={onRemove}
        >
          {t("arrange.remove")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
