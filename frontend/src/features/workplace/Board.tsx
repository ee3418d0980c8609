import { Button, Group, VisuallyHidden } from "@mantine/core";
import { type ReactNode, useRef, useState } from "react";
import { flushSync } from "react-dom";

import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { LeaveGuard } from "@/ui/LeaveGuard";
import { Page } from "@/ui/Page";
import { Empty } from "@/ui/states";

import { AddMenu } from "./AddMenu";
import { added, changed, named, type Placed, unnamed, type Widget, without } from "./arrange";
import { BoardMenu } from "./BoardMenu";
import type { Shown } from "./Dashboards";
import { Grid } from "./Grid";
import { useKeep } from "./keeping";
import { useTitle } from "./titles";

interface Props {
  shown: Shown;
  /** All that one has kept. */
  kept: readonly { id: number; name: string }[];
  draw: (widget: Widget, label: string) => ReactNode;
}

/** A dashboard, to look at or, once asked for, to arrange. Nothing is kept before it is said so. */
export function Board({ shown, kept, draw }: Props) {
  const { t } = useWords();
  const titleOf = useTitle();
  const [draft, setDraft] = useState<Placed[] | null>(null);
  const [told, setTold] = useState("");
  const keep = useKeep(shown);
  const widgets = draft ?? named(shown.widgets);
  const isChanged = draft !== null && JSON.stringify(unnamed(draft)) !== JSON.stringify(unnamed(named(shown.widgets)));
  const change = (next: Placed[], id?: string) => {
    setDraft(next);
    const widget = next.find((each) => each.id === id);
    if (widget !== undefined) {
      const { x, y, width, height } = widget;
      setTold(t("arrange.told", { name: titleOf(widget), column: x + 1, row: y + 1, width, height }));
    }
  };
  // The button that had the focus is gone afterwards; the one in its place has it.
  const arrange = useRef<HTMLButtonElement>(null);
  const cancel = useRef<HTMLButtonElement>(null);
  const begin = () => {
    flushSync(() => setDraft(named(shown.widgets)));
    cancel.current?.focus();
  };
  const end = () => {
    flushSync(() => setDraft(null));
    arrange.current?.focus();
  };
  return (
    <Page
      title={shown.name}
      actions={
        draft === null ? (
          <Group gap="xs">
            <Button ref={arrange} variant="default" leftSection={<Icon name="grip" />} onClick={begin}>
              {t("arrange.begin")}
            </Button>
            <BoardMenu shown={shown} kept={kept} />
          </Group>
        ) : (
          <Group gap="xs">
            <AddMenu count={draft.length} onAdd={(kind) => setDraft(added(draft, kind))} />
            <Button ref={cancel} variant="default" onClick={end}>
              {t("action.cancel")}
            </Button>
            <Button
              loading={keep.isPending}
              onClick={() => (isChanged ? keep.mutate(unnamed(draft), { onSuccess: end }) : end())}
            >
              {t("action.save")}
            </Button>
          </Group>
        )
      }
    >
      <VisuallyHidden role="status">{told}</VisuallyHidden>
      {widgets.length === 0 ? (
        <Empty icon="dashboards" title={t("dashboards.empty")}>
          {t("dashboards.empty.next")}
        </Empty>
      ) : (
        <Grid
          widgets={widgets}
          isArranging={draft !== null}
          draw={draw}
          onLaid={change}
          onChange={(id, step) => change(changed(widgets, id, step), id)}
          onDays={(id, days) =>
            change(
              widgets.map((each) => (each.id === id ? { ...each, options: { ...each.options, days } } : each)),
            )
          }
          onRemove={(id) => change(without(widgets, id))}
        />
      )}
      <LeaveGuard isChanged={isChanged && !keep.isPending} />
    </Page>
  );
}
