import { Group, Tabs, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense } from "react";

import { api } from "@/api/client";
import { useWords } from "@/i18n/words";
import { BackLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import { platformName } from "@/ui/platforms";
import { Failed, Loading } from "@/ui/states";

import { Actions } from "./Actions";
import { Health } from "./Health";
import { Locations } from "./Locations";
import { addressOf, type Connection } from "./rows";
import { Settings } from "./Settings";
import { TABS } from "./view";

const Prices = lazy(() => import("./Prices"));

const here = getRouteApi("/inside/connections/$connectionId");

/** Live, and once in a while all the same; what is under way is watched. */
const EVERY_MS = 30_000;
const WHILE_READING_MS = 2000;

interface Props {
  /** Where the first sync of a connection is seen and approved. */
  firstSync: (connectionId: number) => ReactNode;
  /** Where its listings are linked. */
  matching: (connectionId: number) => ReactNode;
  /** Where the account's locations are named. */
  ourLocations: ReactNode;
}

/** One shop: how it is doing, what it shows, and what can be done about it. */
export function ConnectionPage(links: Props) {
  const { t } = useWords();
  const { connectionId } = here.useParams();
  const path = { connection_id: Number(connectionId) };
  const found = api.useQuery(
    "get",
    "/api/v1/connections/{connection_id}",
    { params: { path } },
    { refetchInterval: ({ state }) => (state.data?.state === "importing" ? WHILE_READING_MS : EVERY_MS) },
  );
  if (found.isPending) {
    return (
      <Page title={t("connection.title")} lead={<Back />}>
        <Loading rows={6} />
      </Page>
    );
  }
  if (found.data === undefined) {
    return (
      <Page title={t("connection.title")} lead={<Back />}>
        <Failed error={found.error} retry={() => void found.refetch()} retrying={found.isFetching} />
      </Page>
    );
  }
  return (
    <Page title={found.data.name} lead={<Lead connection={found.data} />} actions={<Actions connection={found.data} />}>
      {found.isError ? <Failed error={found.error} retry={() => void found.refetch()} /> : null}
      <Parts connection={found.data} links={links} />
    </Page>
  );
}

function Back() {
  const { t } = useWords();
  return <BackLink to="/connections">{t("connection.back")}</BackLink>;
}

function Lead({ connection }: { connection: Connection }) {
  return (
    <Group gap="md">
      <Back />
      <Text span size="sm">
        {platformName(connection.platform)} · {addressOf(connection)}
      </Text>
    </Group>
  );
}

function Parts({ connection, links }: { connection: Connection; links: Props }) {
  const { t } = useWords();
  const { tab = "health" } = here.useSearch();
  const navigate = here.useNavigate();
  const show = (value: string | null) =>
    void navigate({ search: value === "health" || value === null ? {} : { tab: value as typeof tab }, replace: true });
  return (
    <Tabs value={tab} onChange={show} keepMounted={false}>
      <Tabs.List mb="lg">
        {TABS.map((each) => (
          <Tabs.Tab key={each} value={each}>
            {t(`connection.tab.${each}`)}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value="health">
        <Health connection={connection} {...links} />
      </Tabs.Panel>
      <Tabs.Panel value="settings">
        <Settings connection={connection} />
      </Tabs.Panel>
      <Tabs.Panel value="locations">
        <Locations connection={connection} ourLocations={links.ourLocations} />
      </Tabs.Panel>
      <Tabs.Panel value="prices">
        <Suspense fallback={<Loading rows={5} />}>
          <Prices connection={connection} />
        </Suspense>
      </Tabs.Panel>
    </Tabs>
  );
}
