/** What is in a list's cells: plain elements, since hundreds of them are made anew while one scrolls. */

import type { ReactNode } from "react";

import type { Format } from "@/i18n/format";
import type { Words } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import type { Say } from "@/ui/Said";

import { shownAt, syncedAt, type Told, toldOf } from "./channels";
import classes from "./Stock.module.css";
import type { Row } from "./useStockPages";

export interface Cells {
  /** Of what lies on the shelf as the variant itself. */
  own: (row: Row, value: number) => ReactNode;
  /** With a word where more was sold than there is. */
  available: (row: Row) => ReactNode;
  atPlace: (row: Row, locationId: number) => ReactNode;
  /** What a shop shows, and a mark where that is not what it should show. */
  atShop: (row: Row, connectionId: number, tabIndex: number) => ReactNode;
  synced: (row: Row, now: number) => ReactNode;
  threshold: (row: Row) => ReactNode;
}

export function cellsFor(t: Words["t"], format: Format, say: Say, usualThreshold: string): Cells {
  const figure = (value: number, strong = false) => figureOf(format, value, strong);
  const nothing = nothingOf(t);
  return {
    own: (row, value) => (hasOwn(row, value) ? figure(value) : nothing),
    available: (row) =>
      row.available < 0
        ? marked({ icon: "warn", colour: "red", words: t("stock.oversold") }, figure(row.available, true))
        : figure(row.available, true),
    atPlace(row, locationId) {
      const level = row.levels.find((each) => each.location_id === locationId);
      return level === undefined || !hasOwn(row, level.on_hand) ? nothing : figure(level.on_hand);
    },
    atShop(row, connectionId, tabIndex) {
      const channels = row.channels.filter((each) => each.connection_id === connectionId);
      if (channels.length === 0) {
        return nothing;
      }
      const told = toldOf(t, format, say, channels);
      const shown = <span>{shownAt(format, channels)}</span>;
      if (told === null) {
        return shown;
      }
      return told.mark === "held" ? linked(told, shown, reviewsPath(row), tabIndex) : marked(told, shown);
    },
    synced(row, now) {
      const at = syncedAt(row);
      if (row.channels.length === 0) {
        return nothing;
      }
      return at === null ? (
        <span className={classes["quiet"]}>{t("stock.synced.never")}</span>
      ) : (
        <time className={classes["quiet"]} dateTime={at} title={format.moment(at)}>
          {format.ago(at, now)}
        </time>
      );
    },
    threshold: ({ low_stock_threshold: own }) =>
      own === null ? <span className={classes["quiet"]}>{usualThreshold}</span> : format.number(own),
  };
}

/** A bundle has no stock of its own, unless orders from before it was one still hold some. */
export function hasOwn({ is_bundle }: Pick<Row, "is_bundle">, units: number): boolean {
  return !is_bundle || units !== 0;
}

export function nothingOf(t: Words["t"]): ReactNode {
  return (
    <span className={classes["quiet"]} role="img" aria-label={t("stock.none")}>
      –
    </span>
  );
}

export function figureOf(format: Format, value: number, strong: boolean): ReactNode {
  const kind = value < 0 ? "below" : value === 0 ? "quiet" : strong ? "strong" : "";
  return <span className={classes[kind]}>{format.number(value)}</span>;
}

/** Whether it is a bundle, and archived. */
export function tagsOf(t: Words["t"], row: Pick<Row, "is_bundle" | "archived_at">): ReactNode {
  const words = [
    row.is_bundle ? t("stock.bundle") : null,
    row.archived_at === null ? null : t("stock.archived"),
  ].filter((each) => each !== null);
  return words.length === 0 ? null : <span className={classes["tag"]}>{words.join(", ")}</span>;
}

/** Where one decides about what holds a variant's numbers. */
export function reviewsPath({ variant_id }: Row): string {
  return `/reviews?variant=${variant_id}`;
}

function linked({ icon, colour, words }: Told, content: ReactNode, path: string, tabIndex: number): ReactNode {
  return (
    <span className={classes["marked"]}>
      <a
        href={path}
        className={`${classes["mark"]} ${classes[colour]}`}
        data-act="review"
        tabIndex={tabIndex}
        title={words}
        aria-label={words}
      >
        <Icon name={icon} size={14} />
      </a>
      {content}
    </span>
  );
}

function marked({ icon, colour, words }: Pick<Told, "icon" | "colour" | "words">, content: ReactNode): ReactNode {
  return (
    <span className={classes["marked"]} title={words}>
      <span className={`${classes["mark"]} ${classes[colour]}`} role="img" aria-label={words}>
        <Icon name={icon} size={14} />
      </span>
      {content}
    </span>
  );
}
