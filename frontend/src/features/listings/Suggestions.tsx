import { Box, Button, Card, Group, Kbd, Text } from "@mantine/core";
import { type KeyboardEvent, type ReactNode, useEffect, useEffectEvent, useMemo, useRef, useState } from "react";

import { api } from "@/api/client";
import { itemsOf, PAGES } from "@/api/pages";
import { useWords } from "@/i18n/words";
import { Paged } from "@/ui/Paged";
import { useMay } from "@/ui/role";
import type { ConnectedShop } from "@/ui/shops";

import { AskToLink } from "./AskToLink";
import { isSure, type Suggestion } from "./evidence";
import classes from "./Matching.module.css";
import { PickVariant } from "./PickVariant";
import { Row } from "./Row";
import { type Pair, useLinking } from "./useLinking";

const PAGE = 50;
const MOST_SHOWN = 500;
const KEYS = [
  ["↑ ↓", "matching.keys.move"],
  ["1 2 3", "matching.keys.choose"],
  ["space", "matching.keys.tick"],
  ["Enter", "matching.keys.link"],
  ["A", "matching.keys.sure"],
  ["ctrl Enter", "matching.keys.all"],
  ["N", "matching.keys.new"],
  ["X", "matching.keys.keepApart"],
  ["U", "matching.keys.undo"],
] as const;

interface Props {
  shop: ConnectedShop;
  /** Whether it is about those that were left unlinked. */
  apart: boolean;
  /** In place of the list, once nothing is left. */
  nothing: ReactNode;
}

/** The shop's unlinked listings, to be gone through by keyboard. */
export function Suggestions({ shop, apart, nothing }: Props) {
  const { t } = useWords();
  const list = api.useInfiniteQuery(
    "get",
    "/api/v1/connections/{connection_id}/suggestions",
    { params: { path: { connection_id: shop.id }, query: { limit: PAGE, kept_apart: apart } } },
    // It stays as it is while somebody goes through it, and is forgotten with what is gone from it.
    { ...PAGES, staleTime: Infinity, gcTime: 0 },
  );
  const linking = useLinking(apart);
  const rows = useMemo(
    () => itemsOf(list.data).filter((row) => !linking.gone.has(row.listing_id)),
    [list.data, linking.gone],
  );
  return (
    <Paged list={list} shown={rows.length} most={MOST_SHOWN} remedy={t("matching.tooMuch")} empty={nothing}>
      <Rows shop={shop} apart={apart} rows={rows} linking={linking} />
    </Paged>
  );
}

interface RowsProps {
  shop: ConnectedShop;
  apart: boolean;
  rows: Suggestion[];
  linking: ReturnType<typeof useLinking>;
}

function Rows({ shop, apart, rows, linking }: RowsProps) {
  const { t } = useWords();
  const mayChange = useMay("staff") === true;
  const list = useRef<HTMLUListElement>(null);
  const [ticked, setTicked] = useState<ReadonlySet<number>>(new Set());
  const [choices, setChoices] = useState<ReadonlyMap<number, number>>(new Map());
  const [asking, setAsking] = useState(false);
  const [searched, setSearched] = useState<Suggestion | null>(null);
  const next = useRef<number | null>(null);

  const chosenOf = (row: Suggestion) => choices.get(row.listing_id) ?? row.candidates[0]?.variant_id ?? null;
  const pairOf = (row: Suggestion): Pair[] => {
    const variant_id = chosenOf(row);
    return variant_id === null ? [] : [{ listing_id: row.listing_id, variant_id }];
  };
  const sure = rows.filter(isSure);
  const picked = rows.filter((row) => ticked.has(row.listing_id));
  const pairs = picked.flatMap(pairOf);

  const tick = (ids: readonly number[], on: boolean) =>
    setTicked((before) => {
      const after = new Set(before);
      ids.forEach((id) => (on ? after.add(id) : after.delete(id)));
      return after;
    });
  const choose = (row: Suggestion, variantId: number) =>
    setChoices((before) => new Map([...before, [row.listing_id, variantId]]));
  /** What comes after those that leave has the focus then, so that one goes on from there. */
  const leave = (leaving: readonly number[]) => {
    const first = rows.findIndex((row) => leaving.includes(row.listing_id));
    const staying = rows.filter((row, index) => index > first && !leaving.includes(row.listing_id));
    const before = rows.filter((row) => !leaving.includes(row.listing_id)).at(-1);
    next.current = (staying[0] ?? before)?.listing_id ?? null;
    tick(leaving, false);
  };
  const settle = (ids: number[], act: () => Promise<void>) => {
    if (ids.length > 0) {
      leave(ids);
      void act();
    }
  };
  const link = (wanted: Pair[]) => settle(wanted.map((pair) => pair.listing_id), () => linking.link(wanted));
  const make = (ids: number[]) => settle(ids, () => linking.make(ids));
  const keepApart = (ids: number[]) => settle(ids, () => linking.keepApart(ids));
  useEffect(() => {
    if (next.current !== null) {
      focusRow(list.current, next.current);
      next.current = null;
    }
  }, [rows]);

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const target = event.target as HTMLElement;
    const id = Number(target.closest<HTMLElement>("li")?.dataset["listing"]);
    const index = rows.findIndex((row) => row.listing_id === id);
    const row = rows[index];
    if (!mayChange || row === undefined || event.altKey || event.metaKey) {
      return;
    }
    const isCandidate = target instanceof HTMLInputElement && target.type === "radio";
    const isButton = target instanceof HTMLButtonElement;
    const move = (to: Suggestion | undefined) => to && focusRow(list.current, to.listing_id);
    const does: Record<string, (() => void) | undefined> = {
      ArrowDown: isCandidate ? undefined : () => move(rows[index + 1]),
      ArrowUp: isCandidate ? undefined : () => move(rows[index - 1]),
      Home: () => move(rows[0]),
      End: () => move(rows.at(-1)),
      Enter: isButton ? undefined : () => link(pairOf(row)),
      "Control+Enter": pairs.length > 0 ? () => setAsking(true) : undefined,
      a: () => tick(sure.map((each) => each.listing_id), true),
      n: () => make([row.listing_id]),
      x: apart ? undefined : () => keepApart([row.listing_id]),
      u: linking.undoLast,
    };
    const candidate = row.candidates[Number(event.key) - 1];
    const key = `${event.ctrlKey ? "Control+" : ""}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`;
    const action = candidate && !event.ctrlKey ? () => choose(row, candidate.variant_id) : does[key];
    if (action !== undefined) {
      event.preventDefault();
      action();
    }
  };

  const onPageKey = useEffectEvent((event: globalThis.KeyboardEvent) => {
    const isNobodys = event.target === document.body || event.target instanceof HTMLHeadingElement;
    if (event.key === "ArrowDown" && isNobodys && mayChange && rows[0] !== undefined) {
      event.preventDefault();
      focusRow(list.current, rows[0].listing_id);
    }
  });
  useEffect(() => {
    document.addEventListener("keydown", onPageKey);
    return () => document.removeEventListener("keydown", onPageKey);
  }, []);

  return (
    <>
      {mayChange ? (
        <Box className={classes["bar"] ?? ""}>
          <Group gap="xs" className={classes["acts"] ?? ""}>
            <Button
              size="xs"
              variant="default"
              disabled={sure.length === 0}
              onClick={() => tick(sure.map((row) => row.listing_id), true)}
            >
              {t("matching.tickSure", { count: sure.length })}
            </Button>
            <Button size="xs" disabled={pairs.length === 0} onClick={() => setAsking(true)}>
              {t("matching.linkTicked", { count: pairs.length })}
            </Button>
            <Button
              size="xs"
              variant="default"
              disabled={picked.length === 0}
              onClick={() => make(picked.map((row) => row.listing_id))}
            >
              {t("matching.makeTicked", { count: picked.length })}
            </Button>
            {apart ? null : (
              <Button
                size="xs"
                variant="default"
                disabled={picked.length === 0}
                onClick={() => keepApart(picked.map((row) => row.listing_id))}
              >
                {t("matching.keepTickedApart", { count: picked.length })}
              </Button>
            )}
            {picked.length === 0 ? null : (
              <Button size="xs" variant="subtle" visibleFrom="sm" onClick={() => setTicked(new Set())}>
                {t("matching.untick")}
              </Button>
            )}
          </Group>
          <KeysHelp apart={apart} />
        </Box>
      ) : null}
      <Card withBorder padding={0}>
        <Box
          component="ul"
          ref={list}
          m={0}
          p={0}
          aria-label={t("matching.list")}
          aria-describedby="matching-keys"
          style={{ listStyle: "none" }}
          onKeyDown={onKeyDown}
        >
          {rows.map((row) => (
            <li key={row.listing_id} data-listing={row.listing_id} className={classes["row"]}>
              <Row
                suggestion={row}
                chosen={chosenOf(row)}
                ticked={ticked.has(row.listing_id)}
                problem={linking.problems.get(row.listing_id)}
                mayChange={mayChange}
                onTick={(on) => tick([row.listing_id], on)}
                onChoose={(variantId) => choose(row, variantId)}
                onLink={() => link(pairOf(row))}
                onMake={() => make([row.listing_id])}
                onKeepApart={() => keepApart([row.listing_id])}
                onSearch={() => setSearched(row)}
              />
            </li>
          ))}
        </Box>
      </Card>
      <AskToLink
        opened={asking}
        shop={shop}
        rows={picked.filter((row) => chosenOf(row) !== null)}
        chosenOf={chosenOf}
        onConfirm={() => {
          setAsking(false);
          link(pairs);
        }}
        onClose={() => setAsking(false)}
      />
      <PickVariant
        listing={searched}
        onClose={() => setSearched(null)}
        onPick={(variant_id) => {
          setSearched(null);
          if (searched !== null) {
            link([{ listing_id: searched.listing_id, variant_id }]);
          }
        }}
      />
    </>
  );
}

function focusRow(list: HTMLElement | null, id: number): void {
  const tick = list?.querySelector<HTMLInputElement>(`[data-row="${id}"]`);
  tick?.focus({ preventScroll: true });
  tick?.closest("li")?.scrollIntoView({ block: "nearest" });
}

function KeysHelp({ apart }: { apart: boolean }) {
  const { t, known } = useWords();
  return (
    <Group gap="sm" mt={6} id="matching-keys" visibleFrom="sm">
      {KEYS.filter(([keys]) => !apart || keys !== "X").map(([keys, name]) => (
        <Text key={name} size="xs" c="dimmed" component="span">
          {keys.split(" ").map((key) => (
            <Kbd key={key} size="xs" mr={3}>
              {known(`key.${key}`) ?? key}
            </Kbd>
          ))}
          {t(name)}
        </Text>
      ))}
    </Group>
  );
}
