import { ActionIcon, Button, Checkbox, Group, Popover, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, type Schemas } from "@/api/client";
import { itemsOf, PAGES } from "@/api/pages";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { useTellDone } from "@/ui/done";
import { More } from "@/ui/More";
import { useTellProblem } from "@/ui/notify";
import type { Pages } from "@/ui/Paged";
import { Failed, Loading } from "@/ui/states";

import { columnsFrom } from "./columns";
import { filtersFrom, type StockFilters } from "./filters";

type View = Schemas["SavedView"];

const LONGEST_NAME = 100;
/** Of the list: what keeps a view stays in sight. */
const TALLEST = 320;
const LIST = { params: { query: { resource: "stock", limit: 100 } } } as const;
/** More than these nobody looks through. */
const MOST = 500;

interface Props {
  filters: StockFilters;
  columns: readonly string[] | null;
  onOpen: (filters: StockFilters, columns: readonly string[] | null) => void;
}

/** Filters, sort and columns under a name: one's own, and those that others share. */
export function Views({ filters, columns, onOpen }: Props) {
  const { t } = useWords();
  const [opened, setOpened] = useState(false);
  return (
    <Popover position="bottom-end" shadow="md" width={320} opened={opened} onChange={setOpened} trapFocus returnFocus>
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<Icon name="bookmark" />}
          onClick={() => setOpened((before) => !before)}
        >
          {t("views.title")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t("views.title")}>
        <Stack gap="sm">
          <Kept
            filters={filters}
            columns={columns}
            onOpen={(view) => {
              onOpen(filtersFrom({ ...view.filters, sort: view.sort }), columnsFrom(view.filters["columns"]));
              setOpened(false);
            }}
          />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

interface KeptProps extends Pick<Props, "filters" | "columns"> {
  onOpen: (view: View) => void;
}

function Kept({ filters, columns, onOpen }: KeptProps) {
  const views = api.useInfiniteQuery("get", "/api/v1/saved-views", LIST, PAGES);
  return (
    <>
      <List views={views} onOpen={onOpen} />
      <Save filters={filters} columns={columns} views={itemsOf(views.data)} />
    </>
  );
}

function List({ views, onOpen }: { views: Pages<View>; onOpen: (view: View) => void }) {
  const { t } = useWords();
  const items = itemsOf(views.data);
  if (views.isPending) {
    return <Loading />;
  }
  if (views.data === undefined) {
    return <Failed error={views.error} retry={() => void views.refetch()} retrying={views.isFetching} />;
  }
  if (items.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t("views.none")}
      </Text>
    );
  }
  return (
    <Stack gap="xs" mah={TALLEST} style={{ overflowY: "auto" }}>
      <Stack gap={4} component="ul" p={0} m={0} style={{ listStyle: "none" }}>
        {items.map((view) => (
          <Group key={view.id} component="li" justify="space-between" wrap="nowrap" gap="xs">
            <UnstyledButton onClick={() => onOpen(view)} fz="sm" py={6} style={{ flex: 1 }}>
              {view.name}{" "}
              {view.shared ? (
                <Text span size="xs" c="dimmed">
                  {view.mine ? t("views.shared") : t("views.byOthers")}
                </Text>
              ) : null}
            </UnstyledButton>
            {view.mine ? <Forget view={view} /> : null}
          </Group>
        ))}
      </Stack>
      {views.hasNextPage ? (
        <More list={views} shown={items.length} most={MOST} remedy={t("views.tooMuch")} />
      ) : null}
    </Stack>
  );
}

function Forget({ view }: { view: View }) {
  const { t } = useWords();
  const refresh = useRefresh();
  const tell = useTellProblem();
  const tellDone = useTellDone();
  const again = api.useMutation("post", "/api/v1/saved-views", { onError: tell, onSettled: refresh });
  const forget = api.useMutation("delete", "/api/v1/saved-views/{view_id}", {
    onSuccess: () => {
      const { name, filters, sort, shared } = view;
      tellDone(t("views.forgotten", { name }), () =>
        again.mutate({ body: { resource: "stock", name, filters, sort, shared } }),
      );
    },
    onError: tell,
    onSettled: refresh,
  });
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label={t("views.forget", { name: view.name })}
      loading={forget.isPending}
      onClick={() => forget.mutate({ params: { path: { view_id: view.id } } })}
    >
      <Icon name="close" size={16} />
    </ActionIcon>
  );
}

interface SaveProps extends Pick<Props, "filters" | "columns"> {
  views: readonly View[];
}

/** Keeps what is shown now; a view of the same name is replaced by it. */
function Save({ filters, columns, views }: SaveProps) {
  const { t } = useWords();
  const refresh = useRefresh();
  const tell = useTellProblem();
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const done = { onSuccess: () => setName(""), onError: tell, onSettled: refresh };
  const create = api.useMutation("post", "/api/v1/saved-views", done);
  const change = api.useMutation("put", "/api/v1/saved-views/{view_id}", done);
  const before = views.find((view) => view.mine && view.name === name.trim());
  const save = () => {
    const { sort = "", ...others } = filters;
    const kept = columns === null ? others : { ...others, columns: [...columns] };
    const content = { name: name.trim(), filters: kept, sort, shared };
    if (before === undefined) {
      create.mutate({ body: { resource: "stock", ...content } });
    } else {
      change.mutate({ params: { path: { view_id: before.id } }, body: { ...content, version: before.version } });
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <Stack gap="xs">
        <TextInput
          label={t("views.name")}
          value={name}
          maxLength={LONGEST_NAME}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Checkbox
          label={t("views.share")}
          checked={shared}
          onChange={(event) => setShared(event.currentTarget.checked)}
        />
        <Button type="submit" size="xs" disabled={name.trim() === ""} loading={create.isPending || change.isPending}>
          {before === undefined ? t("views.save") : t("views.replace")}
        </Button>
      </Stack>
    </form>
  );
}

function useRefresh(): () => Promise<void> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ["get", "/api/v1/saved-views"] });
}
