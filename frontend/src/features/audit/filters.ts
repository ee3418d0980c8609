/** Which entries are shown: kept in the address. */
export interface AuditFilters {
  actor?: string;
  action?: string;
  subject?: string;
}

const LONGEST = 100;

export function auditFiltersFrom(raw: Record<string, unknown>): AuditFilters {
  const found: AuditFilters = {};
  for (const name of ["actor", "action", "subject"] as const) {
    const value = raw[name];
    if (typeof value === "string" && value.trim() !== "") {
      found[name] = value.trim().slice(0, LONGEST);
    }
  }
  return found;
}
