import "react-grid-layout/css/styles.css";

import { Stack, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import type { ReactNode } from "react";
import GridLayout, { type Layout, useContainerWidth } from "react-grid-layout";

import { useWords } from "@/i18n/words";

import {
  type Change,
  COLUMNS,
  inOrder,
  LEAST_HEIGHT,
  LEAST_WIDTH,
  MOST_HEIGHT,
  type Placed,
  type Widget,
} from "./arrange";
import classes from "./Grid.module.css";
import { WidgetCard } from "./WidgetCard";

const ROW = 72;
const GAP = 16;

interface Props {
  widgets: Placed[];
  isArranging: boolean;
  draw: (widget: Widget, label: string) => ReactNode;
  /** They were dragged or resized by hand. */
  onLaid: (widgets: Placed[]) => void;
  onChange: (id: string, change: Change) => void;
  onDays: (id: string, days: number) => void;
  onRemove: (id: string) => void;
}

/** Widgets where they were laid; one below the other on a telephone. */
export function Grid(props: Props) {
  const narrow = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const { t } = useWords();
  return (
    <>
      {props.isArranging ? (
        <Text size="sm" c="dimmed">
          {t(narrow ? "arrange.lead.piled" : "arrange.lead")}
        </Text>
      ) : null}
      {narrow ? <Pile {...props} /> : <Board {...props} />}
    </>
  );
}

function Pile({ widgets, isArranging, draw, onChange, onDays, onRemove }: Props) {
  return (
    <Stack gap="md">
      {inOrder(widgets).map((widget) => (
        <div key={widget.id} className={classes["piled"]} data-kind={widget.kind}>
          <WidgetCard
            widget={widget}
            isArranging={isArranging}
            changes={["up", "down"]}
            draw={draw}
            onChange={(change) => onChange(widget.id, change)}
            onDays={(days) => onDays(widget.id, days)}
            onRemove={() => onRemove(widget.id)}
          />
        </div>
      ))}
    </Stack>
  );
}

const ALL: readonly Change[] = ["left", "right", "up", "down", "wider", "narrower", "taller", "shorter"];

function Board({ widgets, isArranging, draw, onLaid, onChange, onDays, onRemove }: Props) {
  const { width, containerRef, mounted } = useContainerWidth();
  const laid = (layout: Layout) => {
    const places = new Map(layout.map((item) => [item.i, item]));
    const next = widgets.map((widget) => {
      const place = places.get(widget.id);
      return place === undefined
        ? widget
        : { ...widget, x: place.x, y: place.y, width: place.w, height: place.h };
    });
    if (isArranging && next.some((widget, index) => !isSame(widget, widgets[index]))) {
      onLaid(next);
    }
  };
  return (
    <div ref={containerRef}>
      {mounted ? (
        <GridLayout
          width={width}
          layout={widgets.map(({ id, x, y, width: w, height: h }) => ({
            ...{ i: id, x, y, w, h },
            minW: Math.min(LEAST_WIDTH, w),
            minH: Math.min(LEAST_HEIGHT, h),
            maxH: MOST_HEIGHT,
          }))}
          gridConfig={{ cols: COLUMNS, rowHeight: ROW, margin: [GAP, GAP], containerPadding: [0, 0] }}
          dragConfig={{ enabled: isArranging, handle: "[data-handle]", cancel: "button" }}
          resizeConfig={{ enabled: isArranging, handles: ["se"] }}
          onLayoutChange={laid}
          className={isArranging ? (classes["arranging"] ?? "") : ""}
        >
          {inOrder(widgets).map((widget) => (
            <div key={widget.id}>
              <WidgetCard
                widget={widget}
                isArranging={isArranging}
                changes={ALL}
                draw={draw}
                onChange={(change) => onChange(widget.id, change)}
                onDays={(days) => onDays(widget.id, days)}
                onRemove={() => onRemove(widget.id)}
              />
            </div>
          ))}
        </GridLayout>
      ) : null}
    </div>
  );
}

function isSame(a: Placed, b: Placed | undefined): boolean {
  return b !== undefined && a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;
}
