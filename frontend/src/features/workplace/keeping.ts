import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { client, type Schemas } from "@/api/client";
import { useTellProblem } from "@/ui/notify";

import type { Widget } from "./arrange";
import type { Shown } from "./Dashboards";

type Dashboard = Schemas["Dashboard"];

const LIST = ["get", "/api/v1/dashboards"] as const;

/** What all changes to dashboards have in common: the list is looked at again, and the address follows. */
export function useDashboardChange<Given>(change: (given: Given) => Promise<Dashboard | null>) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const tell = useTellProblem();
  return useMutation({
    mutationFn: change,
    onSuccess: async (kept) => {
      await queries.invalidateQueries({ queryKey: LIST });
      await navigate({ to: "/dashboards", search: kept === null ? {} : { id: kept.id }, replace: true });
    },
    onError: async (problem) => {
      tell(problem);
      await queries.invalidateQueries({ queryKey: LIST });
    },
  });
}

/** Keeps an arrangement; the first one makes the dashboard. */
export function useKeep({ id, name, version }: Shown) {
  return useDashboardChange(async (widgets: Widget[]) => {
    if (id === null) {
      const { data } = await client.POST("/api/v1/dashboards", { body: { name, widgets } });
      return data as Dashboard;
    }
    const path = { dashboard_id: id };
    const { data } = await client.PUT("/api/v1/dashboards/{dashboard_id}", {
      params: { path },
      body: { name, widgets, version },
    });
    return data as Dashboard;
  });
}
