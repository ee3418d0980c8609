import { Alert, Badge, Button, Card, Group, MultiSelect, Select, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { client, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { useTellDone } from "@/ui/done";
import { type Saving, useEdited } from "@/ui/editing";
import { LeaveGuard } from "@/ui/LeaveGuard";
import { usePlaces } from "@/ui/places";
import { useMay } from "@/ui/role";
import { Empty, Failed, Loading, TooMuch } from "@/ui/states";

import { type Chosen, chosenOf, eachOnce, type Mapping, mappingOf, type ShopLocation } from "./mapping";
import type { Connection } from "./rows";
import { lookAgain } from "./useAction";

type Location = Schemas["Location"];

interface Props {
  connection: Connection;
  /** Where the account's own are named, for who may. */
  ourLocations: ReactNode;
}

/** Which of the shop's locations is which of the account's. */
export function Locations({ connection, ourLocations }: Props) {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellDone();
  const params = { path: { connection_id: connection.id } };
  const { found: ofShop, save } = useEdited({
    key: ["shop-locations", connection.id],
    read: (signal) => client.GET("/api/v1/connections/{connection_id}/locations", { params, signal }),
    write: (locations: Mapping, headers) =>
      client.PUT("/api/v1/connections/{connection_id}/locations", { params, headers, body: { locations } }),
    onSaved: async (readAgain) => {
      tell(t("locations.saved"));
      await Promise.all([readAgain(), lookAgain(queries)]);
    },
  });
  const { query: ours } = usePlaces();
  if (ofShop.isPending || ours.isPending) {
    return <Loading rows={3} />;
  }
  if (ofShop.data === undefined || ours.data === undefined) {
    const retry = () => void Promise.all([ofShop.refetch(), ours.refetch()]);
    return <Failed error={ofShop.error ?? ours.error} retry={retry} />;
  }
  const { data, version } = ofShop.data;
  if (data.items.length === 0) {
    return (
      <Card withBorder>
        <Empty icon="shop" title={t("locations.none")}>
          {t("locations.none.next")}
        </Empty>
      </Card>
    );
  }
  return (
    <Form
      key={version}
      connection={connection}
      found={data.items}
      ours={ours.data}
      ourLocations={ourLocations}
      save={save}
    />
  );
}

interface FormProps extends Props {
  found: readonly ShopLocation[];
  ours: { items: readonly Location[]; next: string | null };
  save: Saving<Mapping>;
}

function Form({ connection, found, ours, ourLocations, save }: FormProps) {
  const { t } = useWords();
  const mayRun = useMay("admin") && ["review", "active", "paused", "importing"].includes(connection.state);
  const [chosen, setChosen] = useState<Chosen>(() => chosenOf(found));
  const mapping = mappingOf(chosen);
  const isChanged = JSON.stringify(mapping) !== JSON.stringify(mappingOf(chosenOf(found)));
  const choose = (shops: string, locations: readonly number[]) =>
    setChosen(new Map([...chosen, [shops, locations] as const]));
  return (
    <Stack gap="lg" maw={720}>
      <Text size="sm">{t("locations.lead")}</Text>
      <Card withBorder>
        <Stack gap="md">
          {eachOnce(found).map((location) => (
            <Place
              key={location.external_location_id}
              location={location}
              chosen={chosen}
              ours={ours.items}
              readOnly={!mayRun || save.isPending}
              onChoose={(locations) => choose(location.external_location_id, locations)}
            />
          ))}
        </Stack>
      </Card>
      {ours.next === null ? null : <TooMuch shown={ours.items.length}>{t("locations.tooMuch")}</TooMuch>}
      {mayRun ? ourLocations : null}
      {save.isError ? <Failed error={save.error} /> : null}
      {isChanged ? (
        <Alert color="yellow" icon={<Icon name="warn" />} title={t("locations.save.title")}>
          <Stack gap="sm" align="flex-start">
            <Text size="sm">{t(mapping.length === 0 ? "locations.least" : "locations.save.means")}</Text>
            <Button disabled={mapping.length === 0} loading={save.isPending} onClick={() => save.mutate(mapping)}>
              {t("locations.save")}
            </Button>
          </Stack>
        </Alert>
      ) : null}
      <LeaveGuard isChanged={isChanged && !save.isPending} />
    </Stack>
  );
}

interface PlaceProps {
  location: ShopLocation;
  chosen: Chosen;
  ours: readonly Location[];
  readOnly: boolean;
  onChoose: (locations: number[]) => void;
}

/** One of the shop's locations. A shop with a single number may stand for several of ours. */
function Place({ location, chosen, ours, readOnly, onChoose }: PlaceProps) {
  const { t } = useWords();
  const { external_location_id: id, name, active } = location;
  const mine = chosen.get(id) ?? [];
  // Each of ours can be one of the shop's only.
  const taken = new Set([...chosen].filter(([shops]) => shops !== id).flatMap(([, locations]) => locations));
  const data = ours
    .filter((each) => !taken.has(each.id))
    .map((each) => ({ value: String(each.id), label: each.name }));
  const label = (
    <Group gap="xs" component="span">
      {id === "" ? t("locations.single") : name}
      {active ? null : (
        <Badge variant="default" tt="none" component="span">
          {t("locations.closed")}
        </Badge>
      )}
    </Group>
  );
  const nothing = { placeholder: mine.length === 0 ? t("locations.alone") : "", readOnly, label, data };
  return id === "" ? (
    <MultiSelect
      {...nothing}
      description={t("locations.single.hint")}
      value={mine.map(String)}
      onChange={(values) => onChoose(values.map(Number))}
    />
  ) : (
    <Select
      {...nothing}
      clearable
      value={mine[0] === undefined ? null : String(mine[0])}
      onChange={(value) => onChoose(value === null ? [] : [Number(value)])}
    />
  );
}
