import { Button, Menu } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";

import { client } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { save } from "@/ui/save";
import { useTellProblem } from "@/ui/notify";

import type { OrderQuery } from "./filters";

interface Props {
  query: OrderQuery;
  isReady: boolean;
}

/** The orders of a query, or their lines, as a CSV file. */
export function Export({ query, isReady }: Props) {
  const { t } = useWords();
  const tell = useTellProblem();
  const fetchFile = useMutation({
    mutationFn: async (rows: "orders" | "lines") => {
      const params = { query: { ...query, rows } };
      const { data } = await client.GET("/api/v1/orders.csv", { params, parseAs: "blob" });
      save(data as Blob, rows === "lines" ? "order-lines.csv" : "orders.csv");
    },
    onError: tell,
  });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          variant="default"
          leftSection={<Icon name="download" />}
          loading={fetchFile.isPending}
          disabled={!isReady}
        >
          {t("orders.export")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => fetchFile.mutate("orders")}>{t("orders.export.orders")}</Menu.Item>
        <Menu.Item onClick={() => fetchFile.mutate("lines")}>{t("orders.export.lines")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
