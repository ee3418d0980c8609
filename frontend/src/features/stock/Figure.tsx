import { useFormat } from "@/i18n/format";

import classes from "./Stock.module.css";

interface Props {
  value: number;
  strong?: boolean;
}

/** A number of units; in red below zero. A plain element: a table has hundreds of them. */
export function Figure({ value, strong = false }: Props) {
  const format = useFormat();
  const kind = value < 0 ? "below" : value === 0 ? "quiet" : strong ? "strong" : "";
  return <span className={classes[kind] ?? ""}>{format.number(value)}</span>;
}
