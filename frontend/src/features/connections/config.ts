/** A platform's connect form, as its JSON schema says (app/api/config_schema.py). */

import { isRecord } from "@/api/sentence";
import type { Key } from "@/i18n/catalog";

export interface ConfigField {
  name: string;
  /** In the API's words. */
  title: string;
  placeholder: string;
  required: boolean;
  /** Not to be shown, nor kept by the browser. */
  secret: boolean;
  pattern: RegExp | null;
  least: number;
  most: number;
}

/** The fields of a form, in order. What the schema says that is none is left out. */
export function fieldsOf(schema: Record<string, unknown>): ConfigField[] {
  const properties = isRecord(schema["properties"]) ? schema["properties"] : {};
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(properties).flatMap(([name, of]) => {
    if (!isRecord(of)) {
      return [];
    }
    const examples = Array.isArray(of["examples"]) ? of["examples"] : [];
    return {
      name,
      title: typeof of["title"] === "string" ? of["title"] : name,
      placeholder: typeof examples[0] === "string" ? examples[0] : "",
      required: required.includes(name),
      secret: of["writeOnly"] === true,
      pattern: typeof of["pattern"] === "string" ? new RegExp(of["pattern"]) : null,
      least: typeof of["minLength"] === "number" ? of["minLength"] : 0,
      most: typeof of["maxLength"] === "number" ? of["maxLength"] : 500,
    };
  });
}

/** What is wrong with what was entered; null where nothing is. */
export function faultOf(field: ConfigField, entered: string): Key | null {
  const value = entered.trim();
  if (value === "") {
    return field.required ? "form.needed" : null;
  }
  const fits = value.length >= field.least && value.length <= field.most;
  return fits && (field.pattern === null || field.pattern.test(value)) ? null : "config.wrong";
}

/** What is sent: what was entered, without what was left empty. */
export function configOf(entered: Record<string, string>): Record<string, string> {
  const trimmed = Object.entries(entered).map(([name, value]) => [name, value.trim()] as const);
  return Object.fromEntries(trimmed.filter(([, value]) => value !== ""));
}
