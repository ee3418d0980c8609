import { Alert, Stack, Switch, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, client, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { useTellProblem } from "@/ui/notify";
import { Section } from "@/ui/Section";
import { Failed, Loading } from "@/ui/states";

import { Phone } from "./Phone";

type Preference = Schemas["Preference"];
type Preferences = Schemas["Preferences"];

const PREFERENCES = ["get", "/api/v1/notification-preferences", {}] as const;
const SWITCHING = ["notification-preferences"];

/** Of what one wants to be told by mail, and the number for text messages. A switch takes effect at once, and goes back
 *  if that fails; what was switched is sent in that order, and looked at again once all of it is answered. */
export function Notifications() {
  const { t } = useWords();
  const tell = useTellProblem();
  const queries = useQueryClient();
  const found = api.useQuery(...PREFERENCES);
  const keep = (change: (now: Preferences) => Preferences) =>
    queries.setQueryData<Preferences>(PREFERENCES, (now) => (now === undefined ? now : change(now)));
  const show = ({ kind, channel, wanted }: Preference) => {
    const isIt = (each: Preference) => each.kind === kind && each.channel === channel;
    keep((now) => ({ ...now, items: now.items.map((each) => (isIt(each) ? { ...each, wanted } : each)) }));
  };
  const set = useMutation({
    mutationKey: SWITCHING,
    scope: { id: "notification-preferences" },
    mutationFn: (wish: Preference) => client.PATCH("/api/v1/notification-preferences", { body: { items: [wish] } }),
    onMutate: async (wish) => {
      await queries.cancelQueries({ queryKey: PREFERENCES });
      show(wish);
    },
    onError: (problem, wish) => {
      show({ ...wish, wanted: !wish.wanted });
      tell(problem);
    },
    onSettled: () => {
      if (queries.isMutating({ mutationKey: SWITCHING }) === 1) {
        void queries.invalidateQueries({ queryKey: PREFERENCES });
      }
    },
  });
  const mails = found.data?.items.filter(({ channel }) => channel === "email") ?? [];
  return (
    <Stack gap="lg">
      <Section title={t("notices.mails")} lead={t("notices.mails.lead")}>
        <Alert color="gray" icon={<Icon name="mail" />} title={t("notices.notYet")}>
          <Text size="sm">{t("notices.notYet.next")}</Text>
        </Alert>
        {found.isPending ? <Loading rows={6} /> : null}
        {found.isError ? <Failed error={found.error} retry={() => void found.refetch()} /> : null}
        <Stack gap="md">
          {mails.map((each) => (
            <Switch
              key={each.kind}
              label={t(`notice.${each.kind}`)}
              description={t(`notice.${each.kind}.means`)}
              checked={each.wanted}
              onChange={(event) => set.mutate({ ...each, wanted: event.currentTarget.checked })}
            />
          ))}
        </Stack>
      </Section>
      <Section title={t("notices.threshold")} lead={t("notices.threshold.lead")} />
      <Section title={t("notices.phone")} lead={t("notices.phone.lead")}>
        {found.data === undefined ? null : (
          <Phone key={found.data.phone} phone={found.data.phone} onSaved={(phone) => keep((now) => ({ ...now, phone }))} />
        )}
      </Section>
    </Stack>
  );
}
