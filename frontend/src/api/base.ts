/** Where the API is: beside the app, unless it was built for a host of its own. */
export const BASE_URL: string = import.meta.env["VITE_API_URL"] || window.location.origin;
