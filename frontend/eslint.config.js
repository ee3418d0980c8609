import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

/** Who may import what: each layer sees those below it, and a feature sees no other feature.
 *  A feature's own files are imported as `./name`, everything else as `@/layer/name`. */
const LAYERS = {
  "src/i18n/**": ["@/app/*", "@/features/*", "@/ui/*", "@/api/*", "@/session/*"],
  "src/session/**": ["@/app/*", "@/features/*", "@/ui/*"],
  "src/api/**": ["@/app/*", "@/features/*", "@/ui/*"],
  "src/ui/**": ["@/app/*", "@/features/*"],
  "src/features/**": ["@/app/*", "@/features/*"],
};

const NOT_BELOW = "That layer is not below this one.";

/** A pattern of what such an import begins with; a slash would end it. */
const begins = (name) => name.replaceAll(".", "\\.").replaceAll("*", "").replaceAll("/", ".");

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/api/schema.d.ts"] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  reactHooks.configs.flat.recommended,
  {
    rules: {
      eqeqeq: "error",
      "no-console": "error",
      "no-restricted-imports": ["error", { patterns: [{ group: ["../*"], message: "Write @/..." }] }],
    },
  },
  ...Object.entries(LAYERS).map(([folder, group]) => ({
    files: [folder],
    ignores: ["**/*.test.*"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { group: ["../*"], message: "Write @/..." },
            { group: [...group, "@/test/*"], message: NOT_BELOW },
          ],
        },
      ],
      // What is loaded later is imported too.
      "no-restricted-syntax": [
        "error",
        { selector: `ImportExpression[source.value=/^(${[...group, ".."].map(begins).join("|")})/]`, message: NOT_BELOW },
      ],
    },
  })),
  { files: ["examples/**"], rules: { "no-restricted-imports": "off", "@typescript-eslint/ban-ts-comment": "off" } },
);
