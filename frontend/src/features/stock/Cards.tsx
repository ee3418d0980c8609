import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { Fragment, memo, type MouseEvent, useEffect, useLayoutEffect, useRef, useState } from "react";

import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { useSay } from "@/ui/Said";

import { figureOf, hasOwn, reviewsPath, tagsOf } from "./cells";
import { shownAt, type Told, toldOf } from "./channels";
import { variantPath } from "./GridRow";
import classes from "./Stock.module.css";
import type { Selection } from "./useSelection";
import type { Row } from "./useStockPages";

const CARD_HEIGHT = 124;
const OVERSCAN = 5;

interface Props {
  count: number;
  total: number | null;
  row: (index: number) => Row | undefined;
  /** None where there is nothing to be done with it. */
  selection: Selection | null;
  onRange: (first: number, last: number) => void;
  onOpen: (row: Row) => void;
  /** To what holds its numbers. */
  onReview: (row: Row) => void;
}

/** Where there is no room for a table. */
export function Cards({ count, total, row, selection, onRange, onOpen, onReview }: Props) {
  const { t } = useWords();
  const list = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    setTop((list.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
  }, []);
  const virtual = useWindowVirtualizer({
    count,
    estimateSize: () => CARD_HEIGHT,
    overscan: OVERSCAN,
    scrollMargin: top,
    useFlushSync: false,
  });
  const items = virtual.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => onRange(first, last), [onRange, first, last]);
  const onClick = (event: MouseEvent<HTMLElement>) => {
    const target = event.target as Element;
    const index = Number(target.closest<HTMLElement>("[data-index]")?.dataset["index"]);
    const found = row(index);
    if (target instanceof HTMLInputElement) {
      selection?.toggle(index, event.shiftKey);
      return;
    }
    const link = target.closest("a");
    if (link !== null && found !== undefined && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      (link.dataset["act"] === "review" ? onReview : onOpen)(found);
    }
  };
  return (
    <ul
      ref={list}
      aria-label={t("stock.title")}
      className={classes["cards"]}
      style={{
        paddingTop: (items[0]?.start ?? top) - top,
        paddingBottom: virtual.getTotalSize() - ((items.at(-1)?.end ?? top) - top),
      }}
      onClick={onClick}
    >
      {items.map(({ index }) => {
        const found = row(index);
        return (
          <StockCard
            key={index}
            index={index}
            total={total}
            row={found}
            isSelected={selection === null || found === undefined ? null : selection.has(found)}
          />
        );
      })}
    </ul>
  );
}

interface CardProps {
  index: number;
  total: number | null;
  row: Row | undefined;
  /** Null where it cannot be. */
  isSelected: boolean | null;
}

/** Made anew only when something in it is new; the list hears what is clicked on. */
const StockCard = memo(function StockCard({ index, total, row, isSelected }: CardProps) {
  const { t } = useWords();
  const format = useFormat();
  const place = { "aria-setsize": total ?? -1, "aria-posinset": index + 1, "data-index": index };
  if (row === undefined) {
    return (
      <li className={classes["card"]} {...place}>
        <span className={classes["hole"]} role="status" aria-label={t("state.loading")} />
      </li>
    );
  }
  const name = row.sku ?? t("stock.noSku");
  const levels = row.levels.filter((level) => hasOwn(row, level.on_hand));
  return (
    <li className={classes["card"]} data-selected={isSelected === true ? "" : undefined} {...place}>
      <div className={classes["cardHead"]}>
        {isSelected === null ? null : (
          <label className={classes["cardCheck"]}>
            <input
              type="checkbox"
              className={classes["check"]}
              aria-label={t("stock.select.one", { name: row.sku ?? row.title })}
              checked={isSelected}
              readOnly
            />
          </label>
        )}
        <span className={classes["cardLine"]}>
          <a href={variantPath(row)} className={classes["link"]}>
            {name}
          </a>{" "}
          {tagsOf(t, row)}
        </span>
        <span className={classes["cardFigure"]}>
          <span className={classes["quiet"]}>{t("stock.available")}</span> {figureOf(format, row.available, true)}
        </span>
      </div>
      <div className={classes["cardLine"]}>{row.title}</div>
      <div className={`${classes["cardLine"]} ${classes["small"]}`}>
        {levels.map((level) => `${level.location} ${format.number(level.on_hand)}`).join(" · ")}
      </div>
      <div className={`${classes["cardLine"]} ${classes["small"]}`}>
        <Shops row={row} />
      </div>
    </li>
  );
});

/** What each shop shows: first those of which something is to be said, with its mark and a word, and the way to decide
 *  about what is held, once: it is the same for all shops. */
function Shops({ row }: { row: Row }) {
  const { t } = useWords();
  const format = useFormat();
  const say = useSay();
  const shops = [...new Set(row.channels.map((each) => each.connection_id))]
    .map((id) => {
      const channels = row.channels.filter((each) => each.connection_id === id);
      const words = `${channels[0]?.connection_name} ${shownAt(format, channels)}`;
      return { id, words, told: toldOf(t, format, say, channels) };
    })
    .sort((one, other) => rankOf(one.told) - rankOf(other.told));
  return shops.map(({ id, words, told }, index) => (
    <Fragment key={id}>
      {index === 0 ? "" : " · "}
      {told === null ? (
        words
      ) : (
        <>
          <span className={classes[told.colour]} role="img" aria-label={told.words} title={told.words}>
            <Icon name={told.icon} size={12} />
          </span>{" "}
          {words}, {t(`stock.marked.${told.mark}`)}
        </>
      )}
      {told?.mark !== "held" || index > 0 ? null : (
        <>
          {" "}
          <a href={reviewsPath(row)} className={classes["link"]} data-act="review">
            {t("shown.decide")}
          </a>
        </>
      )}
    </Fragment>
  ));
}

/** A line is cut where it is too long. */
function rankOf(told: Told | null): number {
  return told === null ? 2 : told.mark === "held" ? 0 : 1;
}
