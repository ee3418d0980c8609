import { Alert, Button, Checkbox, Group, Modal, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import { api, type Schemas } from "@/api/client";
import { newKey } from "@/api/newKey";
import { problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { useProblemWords } from "@/ui/problems";
import { NumberField } from "@/ui/NumberField";
import { type Entered, isUncertain, wholeOf } from "@/ui/numbers";

type Order = Schemas["OrderDetail"];

interface Props {
  order: Order;
  opened: boolean;
  onClose: () => void;
}

/** Says what of an order was shipped, so that the shop tells the customer. */
export function Ship({ order, opened, onClose }: Props) {
  const { t } = useWords();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("ship.title", { number: order.number })}
      size="lg"
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Form order={order} onDone={onClose} />
    </Modal>
  );
}

function Form({ order, onDone }: { order: Order; onDone: () => void }) {
  const { t } = useWords();
  const done = useTellDone();
  const queries = useQueryClient();
  const open = order.lines.filter((line) => line.open_quantity > 0);
  // The same call twice ships nothing twice.
  const [key] = useState(newKey);
  const [units, setUnits] = useState<ReadonlyMap<number, Entered>>(
    () => new Map(open.map((line) => [line.id, line.open_quantity])),
  );
  const [carrier, setCarrier] = useState("");
  const [number, setNumber] = useState("");
  const [address, setAddress] = useState("");
  const [notify, setNotify] = useState(true);
  const ship = api.useMutation("post", "/api/v1/orders/{order_id}/fulfillments", {
    onSuccess: async () => {
      done(t("ship.done"));
      onDone();
      await queries.invalidateQueries({
        predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/api/v1/orders/{order_id}"),
      });
    },
  });
  const lines = open
    .map((line) => ({ order_line_id: line.id, quantity: wholeOf(units.get(line.id) ?? 0) ?? 0 }))
    .filter((line) => line.quantity > 0);
  const isWhole = ![...units.values()].some(isUncertain);
  const lacksNumber = address !== "" && number === "";
  const isAddress = address === "" || /^https?:\/\/\S+$/.test(address);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (lines.length > 0 && isWhole && !lacksNumber && isAddress) {
      ship.mutate({
        params: { path: { order_id: order.id } },
        body: { lines, carrier, tracking_number: number, tracking_url: address, notify_customer: notify, key },
      });
    }
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        {open.map((line, index) => (
          <Group key={line.id} justify="space-between" wrap="nowrap" gap="sm">
            <div>
              <Text size="sm" fw={600}>
                {line.title}
              </Text>
              <Text size="sm" c="dimmed">
                {line.sku ?? t("line.noSku")} · {t("line.open", { count: line.open_quantity })}
              </Text>
            </div>
            <NumberField
              aria-label={t("ship.units", { title: line.title })}
              data-autofocus={index === 0 || undefined}
              w={96}
              min={0}
              max={line.open_quantity}
              value={units.get(line.id) ?? 0}
              onChange={(value) => setUnits((before) => new Map([...before, [line.id, value]]))}
            />
          </Group>
        ))}
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <TextInput
            label={t("ship.carrier")}
            maxLength={100}
            value={carrier}
            onChange={(event) => setCarrier(event.currentTarget.value)}
          />
          <TextInput
            label={t("ship.number")}
            maxLength={200}
            value={number}
            error={lacksNumber ? t("ship.number.needed") : null}
            onChange={(event) => setNumber(event.currentTarget.value.trim())}
          />
        </SimpleGrid>
        <TextInput
          label={t("ship.address")}
          type="url"
          inputMode="url"
          placeholder="https://"
          maxLength={2000}
          value={address}
          error={isAddress ? null : t("ship.address.form")}
          onChange={(event) => setAddress(event.currentTarget.value.trim())}
        />
        <Checkbox
          label={t("ship.notify")}
          checked={notify}
          onChange={(event) => setNotify(event.currentTarget.checked)}
        />
        {ship.isError ? <Refused error={ship.error} /> : null}
        <Text size="sm" c="dimmed">
          {t("ship.stock")}
        </Text>
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onDone}>
            {t("action.cancel")}
          </Button>
          <Button type="submit" loading={ship.isPending} disabled={lines.length === 0 || !isWhole}>
            {t("ship.do", { count: lines.reduce((sum, line) => sum + line.quantity, 0) })}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Refused({ error }: { error: unknown }) {
  const { title, remedy } = useProblemWords(problemOf(error));
  return (
    <Alert color="red" title={title} role="alert">
      <Text size="sm">{remedy}</Text>
    </Alert>
  );
}
