/** Beginnings of the keys that the shell and the overview ask for (catalog.test.ts): these words are loaded before
 *  anything is shown, all others with the first part of the app that comes `withWords`. */
const FIRST = [
  "action",
  "attention",
  "changes.noMatch.next",
  "changes.title",
  "connections.connect",
  "connections.title",
  "dashboards.title",
  "deletion.at",
  "firstSteps",
  "light",
  "live",
  "lost",
  "matching.title",
  "may",
  "order.payment",
  "order.state",
  "orders.title",
  "overview",
  "problem",
  "reason",
  "reviews.title",
  "role",
  "said",
  "sample",
  "settings.title",
  "shell",
  "shop",
  "state",
  "stock.reason",
  "stock.title",
  "sync.title",
  "tour.begin",
  "writes.stopped",
];

export function isFirst(key: string): boolean {
  return FIRST.some((each) => key === each || key.startsWith(`${each}.`) || key.startsWith(`${each}_`));
}
