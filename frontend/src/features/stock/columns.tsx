import { VisuallyHidden } from "@mantine/core";
import { type ReactNode, useCallback, useMemo, useState } from "react";

import type { Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Icon, type IconName } from "@/ui/icons";

import { Figure } from "./Figure";
import classes from "./Stock.module.css";
import type { Row } from "./useStockPages";

export type Channel = Schemas["Channel"];

export interface Place {
  id: number;
  name: string;
}

export interface StockColumn {
  id: string;
  name: string;
  width: number;
  numeric?: boolean;
  /** Shown where nobody chose. */
  usual: boolean;
  cell: (row: Row) => ReactNode;
}

const KEPT = "syncflow.stock.columns";
/** Of locations and shops, those shown where nobody chose. */
const USUAL = 4;
const ID = /^(available|on_hand|committed|threshold|synced|(place|shop):\d+)$/;

/** All that can be shown beside SKU and title, which always are. */
export function useStockColumns(places: readonly Place[], shops: readonly Place[]): StockColumn[] {
  const { t } = useWords();
  const format = useFormat();
  return useMemo(
    () => [
      {
        id: "available",
        name: t("stock.available"),
        width: 100,
        numeric: true,
        usual: true,
        cell: (row) => <Available row={row} />,
      },
      {
        id: "on_hand",
        name: t("stock.onHand"),
        width: 100,
        numeric: true,
        usual: true,
        cell: (row) => <Figure value={row.on_hand} />,
      },
      {
        id: "committed",
        name: t("stock.committed"),
        width: 100,
        numeric: true,
        usual: true,
        cell: (row) => <Figure value={row.committed} />,
      },
      ...places.map((place, index) => ({
        id: `place:${place.id}`,
        name: t("stock.at", { place: place.name }),
        width: 130,
        numeric: true,
        usual: places.length > 1 && index < USUAL,
        cell: (row: Row) => <AtPlace row={row} place={place.id} />,
      })),
      ...shops.map((shop, index) => ({
        id: `shop:${shop.id}`,
        name: shop.name,
        width: 140,
        numeric: true,
        usual: index < USUAL,
        cell: (row: Row) => <AtShop channels={row.channels.filter((each) => each.connection_id === shop.id)} />,
      })),
      {
        id: "synced",
        name: t("stock.synced"),
        width: 145,
        usual: true,
        cell: (row) => <Synced row={row} />,
      },
      {
        id: "threshold",
        name: t("stock.threshold"),
        width: 120,
        numeric: true,
        usual: false,
        cell: (row) =>
          row.low_stock_threshold === null ? (
            <span className={classes["quiet"] ?? ""}>{t("stock.threshold.usual")}</span>
          ) : (
            format.number(row.low_stock_threshold)
          ),
      },
    ],
    [t, format, places, shops],
  );
}

/** Which columns somebody chose, kept in this browser; null for the usual ones. */
export function useChosenColumns(): [readonly string[] | null, (ids: readonly string[] | null) => void] {
  const [chosen, setChosen] = useState(() => columnsFrom(read()));
  const choose = useCallback((ids: readonly string[] | null) => {
    setChosen(ids);
    if (ids === null) {
      localStorage.removeItem(KEPT);
    } else {
      localStorage.setItem(KEPT, JSON.stringify(ids));
    }
  }, []);
  return [chosen, choose];
}

/** Reads what was kept; null where that makes no sense. */
export function columnsFrom(raw: unknown): readonly string[] | null {
  if (!Array.isArray(raw)) {
    return null;
  }
  return raw.filter((each): each is string => typeof each === "string" && ID.test(each));
}

function read(): unknown {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "null");
  } catch {
    return null;
  }
}

/** With a word where more was sold than there is. */
function Available({ row }: { row: Row }) {
  const { t } = useWords();
  return row.available < 0 ? (
    <Marked icon="warn" colour="red" words={t("stock.oversold")}>
      <Figure value={row.available} strong />
    </Marked>
  ) : (
    <Figure value={row.available} strong />
  );
}

function AtPlace({ row, place }: { row: Row; place: number }) {
  const level = row.levels.find((each) => each.location_id === place);
  return level === undefined ? <Nothing /> : <Figure value={level.on_hand} />;
}

/** What a shop shows, and a mark where that is not what it should show. */
function AtShop({ channels }: { channels: readonly Channel[] }) {
  const told = useToldOf(channels);
  if (channels.length === 0) {
    return <Nothing />;
  }
  const shown = <ShownAt channels={channels} />;
  return told === null ? (
    shown
  ) : (
    <Marked icon={told.icon} colour={told.colour} words={told.words}>
      {shown}
    </Marked>
  );
}

/** Over all of a shop's numbers of a variant. */
export function ShownAt({ channels }: { channels: readonly Channel[] }) {
  const format = useFormat();
  const known = channels.map((each) => each.expected).filter((each) => each !== null);
  return <span>{known.length === 0 ? "?" : format.number(sum(known))}</span>;
}

interface Told {
  icon: IconName;
  colour: "red" | "amber";
  words: string;
}

const MARKS = {
  failed: { icon: "stop", colour: "red" },
  waiting: { icon: "half", colour: "amber" },
  changed: { icon: "warn", colour: "amber" },
  behind: { icon: "swap", colour: "amber" },
} as const;

/** What is to be said of a shop's numbers, if anything. */
export function useToldOf(channels: readonly Channel[]): Told | null {
  const { t } = useWords();
  const format = useFormat();
  const mark = markOf(channels);
  if (mark === null) {
    return null;
  }
  const wanted = format.number(sum(channels.map((each) => each.target ?? 0)));
  const error = channels.find((each) => each.error !== "")?.error ?? "";
  return { ...MARKS[mark], words: t(`stock.mark.${mark}`, { wanted, error }) };
}

export function markOf(channels: readonly Channel[]): keyof typeof MARKS | null {
  if (channels.some((each) => each.state === "failed")) return "failed";
  if (channels.some((each) => each.state === "waiting" || each.expected === null)) return "waiting";
  if (channels.some((each) => each.drift !== 0)) return "changed";
  if (channels.some((each) => each.target !== null && each.target !== each.expected)) return "behind";
  return null;
}

function Marked({ icon, colour, words, children }: Told & { children: ReactNode }) {
  return (
    <span className={classes["marked"] ?? ""} title={words}>
      <span className={`${classes["mark"] ?? ""} ${classes[colour] ?? ""}`}>
        <Icon name={icon} size={14} />
        <VisuallyHidden>{words}</VisuallyHidden>
      </span>
      {children}
    </span>
  );
}

/** When the shop was that was looked at longest ago. */
function Synced({ row }: { row: Row }) {
  const { t } = useWords();
  const format = useFormat();
  const at = syncedAt(row);
  if (row.channels.length === 0) {
    return <Nothing />;
  }
  return at === null ? (
    <span className={classes["quiet"] ?? ""}>{t("stock.synced.never")}</span>
  ) : (
    <time className={classes["quiet"] ?? ""} dateTime={at} title={format.moment(at)}>
      {format.ago(at)}
    </time>
  );
}

export function syncedAt({ channels }: Pick<Row, "channels">): string | null {
  return channels.map((each) => each.synced_at).reduce<string | null>((oldest, at, index) => {
    if (index === 0 || oldest === null || at === null) return index === 0 ? at : null;
    return at < oldest ? at : oldest;
  }, null);
}

export function Nothing() {
  const { t } = useWords();
  return (
    <span className={classes["quiet"] ?? ""}>
      <span aria-hidden="true">–</span>
      <VisuallyHidden>{t("stock.none")}</VisuallyHidden>
    </span>
  );
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
