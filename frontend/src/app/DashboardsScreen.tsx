import { WidgetContent } from "@/features/dashboard/Widget";
import { Dashboards } from "@/features/workplace/Dashboards";

export function DashboardsScreen() {
  return <Dashboards draw={(widget, label) => <WidgetContent widget={widget} label={label} />} />;
}
