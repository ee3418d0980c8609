import { ActionIcon, Button, Checkbox, Group, Popover, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { useTellDone } from "@/ui/done";
import { useTellProblem } from "@/ui/notify";
import { Failed, Loading } from "@/ui/states";

import { columnsFrom } from "./columns";
import { filtersFrom, type StockFilters } from "./filters";

type View = Schemas["SavedView"];

const LONGEST_NAME = 100;
const MOST = 250;
const LIST = { params: { query: { resource: "stock", limit: MOST } } } as const;

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
          <List
            onOpen={(view) => {
              onOpen(filtersFrom({ ...view.filters, sort: view.sort }), columnsFrom(view.filters["columns"]));
              setOpened(false);
            }}
          />
          <Save filters={filters} columns={columns} />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function List({ onOpen }: { onOpen: (view: View) => void }) {
  const { t } = useWords();
  const views = api.useQuery("get", "/api/v1/saved-views", LIST);
  if (views.isPending) {
    return <Loading />;
  }
  if (views.isError) {
    return <Failed error={views.error} retry={() => void views.refetch()} retrying={views.isFetching} />;
  }
  if (views.data.items.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t("views.none")}
      </Text>
    );
  }
  return (
    <Stack gap={4} component="ul" p={0} m={0} style={{ listStyle: "none" }}>
      {views.data.items.map((view) => (
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

/** Keeps what is shown now; a view of the same name is replaced by it. */
function Save({ filters, columns }: Pick<Props, "filters" | "columns">) {
  const { t } = useWords();
  const refresh = useRefresh();
  const tell = useTellProblem();
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const views = api.useQuery("get", "/api/v1/saved-views", LIST).data?.items ?? [];
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
