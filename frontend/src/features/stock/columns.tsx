import { type ReactNode, useCallback, useMemo, useState } from "react";

import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { useSay } from "@/ui/Said";

import { cellsFor } from "./cells";
import type { Row } from "./useStockPages";
import { useUsualThreshold } from "./useUsualThreshold";

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
  /** `tabIndex` is that of what can be gone to in it. */
  cell: (row: Row, now: number, tabIndex: number) => ReactNode;
}

const KEPT = "syncflow.stock.columns";
/** Of locations and shops, those shown where nobody chose. */
const USUAL = 4;
const ID = /^(available|on_hand|committed|threshold|synced|(place|shop):\d+)$/;

/** All that can be shown beside SKU and title, which always are. */
export function useStockColumns(places: readonly Place[], shops: readonly Place[]): StockColumn[] {
  const { t } = useWords();
  const format = useFormat();
  const say = useSay();
  const usualThreshold = useUsualThreshold();
  return useMemo(() => {
    const cells = cellsFor(t, format, say, usualThreshold);
    return [
      {
        id: "available",
        name: t("stock.available"),
        width: 108,
        numeric: true,
        usual: true,
        cell: cells.available,
      },
      {
        id: "on_hand",
        name: t("stock.onHand"),
        width: 96,
        numeric: true,
        usual: true,
        cell: (row: Row) => cells.own(row, row.on_hand),
      },
      {
        id: "committed",
        name: t("stock.committed"),
        width: 108,
        numeric: true,
        usual: true,
        cell: (row: Row) => cells.own(row, row.committed),
      },
      ...places.map((place, index) => ({
        id: `place:${place.id}`,
        name: t("stock.at", { place: place.name }),
        width: 130,
        numeric: true,
        usual: places.length > 1 && index < USUAL,
        cell: (row: Row) => cells.atPlace(row, place.id),
      })),
      ...shops.map((shop, index) => ({
        id: `shop:${shop.id}`,
        name: shop.name,
        width: 140,
        numeric: true,
        usual: index < USUAL,
        cell: (row: Row, _now: number, tabIndex: number) => cells.atShop(row, shop.id, tabIndex),
      })),
      {
        id: "synced",
        name: t("stock.synced"),
        width: 145,
        usual: true,
        cell: cells.synced,
      },
      {
        id: "threshold",
        name: t("stock.threshold"),
        width: 175,
        numeric: true,
        usual: false,
        cell: cells.threshold,
      },
    ];
  }, [t, format, say, usualThreshold, places, shops]);
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
