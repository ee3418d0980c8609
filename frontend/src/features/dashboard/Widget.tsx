import { Box, Group, Stack, Text } from "@mantine/core";
import { type ComponentType, useLayoutEffect, useRef, useState } from "react";

import { api, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Ago } from "@/ui/Ago";
import { Light } from "@/ui/Light";
import { NoShop } from "@/ui/NoShop";
import { useReasons } from "@/ui/reasons";
import { Empty } from "@/ui/states";

import { AttentionList } from "./Attention";
import { AverageOrder, Orders, OrdersByPlatform, Revenue } from "./OrderWidgets";
import { Report } from "./Report";
import { Sales } from "./Sales";
import type { Options } from "./spans";
import { LowStock, StockMovements, StockValue } from "./StockWidgets";
import { ApiErrors, ApiLatency, SyncSuccess } from "./SyncWidgets";
import classes from "./Widget.module.css";

type Widget = Schemas["Widget"];

const KINDS: Record<Widget["kind"], ComponentType<{ options: Options }>> = {
  api_errors: ApiErrors,
  api_latency: ApiLatency,
  attention: NeedsYou,
  average_order: AverageOrder,
  connections: Shops,
  low_stock: LowStock,
  orders: Orders,
  orders_by_platform: OrdersByPlatform,
  revenue: Revenue,
  stock_movements: StockMovements,
  stock_value: StockValue,
  sync_success: SyncSuccess,
  today: Today,
};

/** What a widget shows, in the room that it has. */
export function WidgetContent({ widget, label }: { widget: Widget; label: string }) {
  const Content = KINDS[widget.kind];
  const [ref, scrolls] = useScrolls();
  const reach = scrolls ? ({ tabIndex: 0, role: "region", "aria-label": label } as const) : {};
  return (
    <Box ref={ref} className={classes["scroll"]} {...reach}>
      <Content options={widget.options} />
    </Box>
  );
}

/** Whether there is more than fits in: then the keyboard has to reach it, too. */
function useScrolls() {
  const ref = useRef<HTMLDivElement>(null);
  const [scrolls, setScrolls] = useState(false);
  useLayoutEffect(() => {
    const box = ref.current;
    if (box === null) {
      return;
    }
    const look = () => setScrolls(box.scrollHeight > box.clientHeight + 1);
    const sizes = new ResizeObserver(look);
    const content = new MutationObserver(look);
    sizes.observe(box);
    content.observe(box, { childList: true, subtree: true });
    return () => {
      sizes.disconnect();
      content.disconnect();
    };
  }, []);
  return [ref, scrolls] as const;
}

function useOverview() {
  return api.useQuery("get", "/api/v1/dashboard/overview", {}, { refetchInterval: 60_000 });
}

function Today() {
  return <Report query={useOverview()}>{({ today }) => <Sales today={today} framed={false} />}</Report>;
}

function NeedsYou() {
  const { t } = useWords();
  return (
    <Report query={useOverview()}>
      {({ attention, connections }) =>
        attention.length === 0 ? (
          <Empty icon="check" title={t("widget.attention.none")} />
        ) : (
          <AttentionList items={attention} connections={connections} />
        )
      }
    </Report>
  );
}

function Shops() {
  const { t } = useWords();
  const reasonsOf = useReasons();
  return (
    <Report query={useOverview()}>
      {({ connections }) =>
        connections.length === 0 ? (
          <NoShop />
        ) : (
          <ul className={classes["list"]}>
            {connections.map((shop) => (
              <Group component="li" key={shop.connection_id} justify="space-between" align="flex-start">
                <Stack gap={0} style={{ flex: "1 1 180px" }}>
                  <Text size="sm" fw={600}>
                    {shop.name}
                  </Text>
                  <Text size="sm" c="dimmed">
                    {reasonsOf(shop)[0]}
                  </Text>
                  {shop.last_success_at === null ? null : (
                    <Text size="xs" c="dimmed">
                      {t("shop.last")} <Ago at={shop.last_success_at} />
                    </Text>
                  )}
                </Stack>
                <Light colour={shop.light} />
              </Group>
            ))}
          </ul>
        )
      }
    </Report>
  );
}
