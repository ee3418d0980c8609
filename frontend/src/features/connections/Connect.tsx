import { Alert, Card, List, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { api, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { BackLink, ButtonLink } from "@/ui/links";
import { useMe } from "@/ui/me";
import { Page } from "@/ui/Page";
import { useMay } from "@/ui/role";
import { Empty, Failed, Loading } from "@/ui/states";

import { lookAgain } from "./useAction";
import { fieldsOf } from "./config";
import { ConfigForm } from "./ConfigForm";
import { fieldsFor, takesKeys, type Way, Ways } from "./Ways";
import { goTo } from "@/ui/leaving";

type Platform = Schemas["Platform"];

const here = getRouteApi("/inside/connections/new");

/** Connect a shop: which platform, which shop, and then its owner's consent. */
export function Connect({ sandbox }: { sandbox: ReactNode }) {
  const { t } = useWords();
  const { platform: chosen } = here.useSearch();
  const me = useMe();
  const mayConnect = useMay("admin");
  const platforms = api.useQuery("get", "/api/v1/platforms", {}, { staleTime: Infinity });
  const platform = platforms.data?.items.find(({ slug }) => slug === chosen);
  return (
    <Page
      // A step that begins anew with its heading.
      key={chosen}
      title={platform === undefined ? t("connections.connect") : t("connect.title", { platform: platform.name })}
      lead={<Back isChosen={platform !== undefined} />}
    >
      {me === undefined || platforms.isPending ? (
        <Loading rows={2} />
      ) : !mayConnect || me.is_sample ? (
        <Card withBorder>
          <Empty icon="shop" title={t("connect.not")}>
            {me.is_sample ? t("problem.sample_account.remedy") : t("sample.askAdmin")}
          </Empty>
        </Card>
      ) : platforms.data === undefined ? (
        <Failed error={platforms.error} retry={() => void platforms.refetch()} retrying={platforms.isFetching} />
      ) : platform === undefined ? (
        <>
          <Choices platforms={platforms.data.items} />
          {sandbox}
        </>
      ) : (
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
          <Form key={platform.slug} platform={platform} />
          <Next platform={platform} />
        </SimpleGrid>
      )}
    </Page>
  );
}

function Back({ isChosen }: { isChosen: boolean }) {
  const { t } = useWords();
  return isChosen ? (
    <BackLink to="/connections/new">{t("connect.others")}</BackLink>
  ) : (
    <BackLink to="/connections">{t("connection.back")}</BackLink>
  );
}

function Choices({ platforms }: { platforms: readonly Platform[] }) {
  const { t, known } = useWords();
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
      {platforms.map(({ slug, name, ready, missing_settings }) => (
        <Card key={slug} withBorder component="article" aria-label={name}>
          <Stack gap="sm" h="100%">
            <Title order={2} size="h4">
              {name}
            </Title>
            <Text size="sm" style={{ flex: 1 }}>
              {ready
                ? known(`connect.about.${slug}`)
                : t("connect.notReady", { settings: missing_settings.join(", ") })}
            </Text>
            {ready ? (
              <ButtonLink to="/connections/new" search={{ platform: slug }} variant="default" fullWidth>
                {t("connect.choose", { platform: name })}
              </ButtonLink>
            ) : null}
          </Stack>
        </Card>
      ))}
    </SimpleGrid>
  );
}

function Form({ platform }: { platform: Platform }) {
  const { t } = useWords();
  const { address = "" } = here.useSearch();
  const navigate = here.useNavigate();
  const queries = useQueryClient();
  const [way, setWay] = useState<Way>("consent");
  const fields = fieldsOf(platform.config_schema);
  const begin = api.useMutation("post", "/api/v1/connections", {
    onSuccess: async ({ authorize_url, connection }) => {
      if (authorize_url !== null) {
        goTo(authorize_url);
        return;
      }
      await lookAgain(queries);
      await navigate({ to: "/connections/$connectionId", params: { connectionId: String(connection.id) } });
    },
    onError: () => void lookAgain(queries),
  });
  if (!platform.ready) {
    return (
      <Alert color="yellow" icon={<Icon name="warn" />} title={t("connect.not")}>
        {t("connect.notReady", { settings: platform.missing_settings.join(", ") })}
      </Alert>
    );
  }
  const asked = fieldsFor(way, fields);
  const [first] = asked;
  return (
    <Card withBorder>
      <Stack gap="md">
        {takesKeys(fields) ? <Ways way={way} onChange={setWay} /> : null}
        <ConfigForm
          key={way}
          platform={platform.slug}
          fields={asked}
          initial={first === undefined ? {} : { [first.name]: address }}
          go={way === "keys" ? t("connect.go") : t("connect.goTo", { platform: platform.name })}
          busy={begin.isPending || begin.isSuccess}
          error={begin.error}
          onSubmit={(config) => begin.mutate({ body: { platform: platform.slug, config } })}
        />
      </Stack>
    </Card>
  );
}

/** What follows, so that nobody is afraid of the next click. */
function Next({ platform }: { platform: Platform }) {
  const { t } = useWords();
  return (
    <Stack component="section" gap="sm" aria-label={t("connect.next")}>
      <Title order={2} size="h4">
        {t("connect.next")}
      </Title>
      <List type="ordered" size="sm" spacing="xs">
        <List.Item>{t("connect.next.agree", { platform: platform.name })}</List.Item>
        <List.Item>{t("connect.next.read")}</List.Item>
        <List.Item>{t("connect.next.look")}</List.Item>
      </List>
      <Text size="sm" c="dimmed">
        {t("connect.next.nothing")}
      </Text>
    </Stack>
  );
}

