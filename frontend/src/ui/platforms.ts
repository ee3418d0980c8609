const NAMES: Record<string, string> = { shopify: "Shopify", woocommerce: "WooCommerce" };

/** As the platform writes itself. */
export function platformName(slug: string): string {
  return NAMES[slug] ?? slug;
}
